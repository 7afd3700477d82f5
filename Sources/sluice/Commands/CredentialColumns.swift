import ArgumentParser
import Chat
import Service
import Store

/// The columns of a credential, for `add` and `set`.
struct CredentialColumns: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Where the secret is on each node: env:NAME or file:/path. Never the secret itself.",
      valueName: "env:NAME|file:/path"))
  var reference: String?

  @Flag(help: "Read the secret from standard input and keep it sealed with the first of credential_keys.")
  var secretStdin = false

  @Option(
    help: ArgumentHelp(
      "Domain of the gateway the secret is for: a route's short region stands in front of it.", valueName: "domain"))
  var managedDomain: String?

  @Option(help: ArgumentHelp("Certificate, PEM, by which the gateway knows the program.", valueName: "file:/path"))
  var clientCertificate: String?

  @Option(help: ArgumentHelp("The certificate's private key, PEM.", valueName: "file:/path"))
  var clientKey: String?

  @Option(
    help: ArgumentHelp(
      "Authorities, PEM, that the gateway's own certificate is checked against, instead of the machine's.",
      valueName: "file:/path"))
  var caBundle: String?

  func validate() throws {
    if secretStdin, reference != nil { throw ValidationError("--reference and --secret-stdin exclude each other") }
  }

  /// All but what is sealed. Throws a usage error for what looks like a secret: it must reach neither the database nor
  /// its log.
  func write(to changes: inout AdminChanges) throws {
    if let reference, !reference.hasPrefix("env:"), !reference.hasPrefix("file:") {
      throw misuse("--reference must be env:NAME or file:/path: where the secret is, never the secret itself")
    }
    for (option, path) in [
      ("client-certificate", clientCertificate), ("client-key", clientKey), ("ca-bundle", caBundle),
    ] {
      if let path, !path.hasPrefix("file:") { throw misuse("--\(option) must be file:/absolute/path") }
    }
    if let reference {
      changes.set("reference", reference)
      changes.unset("sealed")
      changes.unset("sealed_key")
    }
    changes.set("managed_domain", managedDomain)
    changes.set("client_certificate", clientCertificate)
    changes.set("client_key", clientKey)
    changes.set("ca_bundle", caBundle)
  }

  /// What seals: the keys of the configuration, and the secret of standard input. Nil if none is to be sealed.
  func sealing(_ options: AdminOptions) throws -> Sealing? {
    guard secretStdin else { return nil }
    // The keys first: nobody types a secret in vain.
    let vault = try CredentialVault.load(options)
    return Sealing(vault: vault, secret: try SecretInput.read())
  }

  struct Sealing {
    fileprivate let vault: CredentialVault
    fileprivate let secret: String

    /// Seals for the credential `id`; a reference goes with it.
    func write(to changes: inout AdminChanges, of id: ID) throws {
      do {
        let (sealed, key) = try vault.seal(secret, for: id.description)
        changes.set("sealed", bytes: sealed)
        changes.set("sealed_key", key)
        changes.unset("reference")
      } catch { throw Refusal("\(error)") }
    }
  }
}

extension CredentialVault {
  /// With the keys of the configuration. Ends with 78 if there are none.
  static func load(_ options: AdminOptions) throws -> CredentialVault {
    let keys: KeyRing?
    do { keys = try options.configuration.load().credentialKeys() } catch {
      throw failure("sluice: \(error)", status: 78)
    }
    guard let keys else {
      throw failure("sluice: credential_keys is not set: it is \(ConfigurationKey.credentialKeys.help)", status: 78)
    }
    return CredentialVault(keys: keys)
  }
}
