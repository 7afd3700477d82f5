import ArgumentParser
import Store

/// The columns of a credential, for `add` and `set`.
struct CredentialColumns: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Where the secret is on each node: env:NAME or file:/path. Never the secret itself.",
      valueName: "env:NAME|file:/path"))
  var reference: String?

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

  /// Throws a usage error for what looks like a secret: it must reach neither the database nor its log.
  func write(to changes: inout AdminChanges) throws {
    if let reference, !reference.hasPrefix("env:"), !reference.hasPrefix("file:") {
      throw misuse("--reference must be env:NAME or file:/path: where the secret is, never the secret itself")
    }
    for (option, path) in [
      ("client-certificate", clientCertificate), ("client-key", clientKey), ("ca-bundle", caBundle),
    ] {
      if let path, !path.hasPrefix("file:") { throw misuse("--\(option) must be file:/absolute/path") }
    }
    changes.set("reference", reference)
    changes.set("managed_domain", managedDomain)
    changes.set("client_certificate", clientCertificate)
    changes.set("client_key", clientKey)
    changes.set("ca_bundle", caBundle)
  }
}
