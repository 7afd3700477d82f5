import Glibc
import Store

/// Whether the secrets of the model providers, and the files that TLS to them needs, are found on this machine.
enum CredentialCheck {
  /// The credentials of enabled routes. Tells names, references and keys, never what is there.
  static func findings(
    _ credentials: [CheckupStore.CredentialReference], sealed: [SealedSecret] = [],
    vault: CredentialVault = CredentialVault(keys: nil)
  ) -> [Finding] {
    let findings =
      credentials.compactMap { $0.role == .secret ? secret($0) : file($0) }
      + sealed.compactMap { Self.sealed($0, vault) }
    return findings.isEmpty ? [.ok("credentials", "\(credentials.count + sealed.count) found")] : findings
  }

  private static func sealed(_ secret: SealedSecret, _ vault: CredentialVault) -> Finding? {
    do { _ = try vault.open(secret) } catch {
      let anew = "seal it anew: sluice credential set \(secret.name) --secret-stdin"
      guard vault.has(key: secret.key) else {
        return .fail(
          "credentials", "\(secret.name): sealed with key \(secret.key), which is not in credential_keys here",
          mend: "put the line of \(secret.key) into the file of `credential_keys`, as on the other nodes; or \(anew)")
      }
      return .fail(
        "credentials", "\(secret.name): does not open with key \(secret.key)",
        mend: "see that \(secret.key) in `credential_keys` is the key that sealed it; or \(anew)")
    }
    return nil
  }

  private static func secret(_ credential: CheckupStore.CredentialReference) -> Finding? {
    let reference = credential.reference
    if CredentialSource.secret(of: reference) != nil { return nil }
    if reference.hasPrefix("file:") {
      return .fail(
        "credentials", "\(credential.name): \(reference) is empty or cannot be read",
        mend: "write the key into \(reference.dropFirst(5)), to be read by the program's user alone")
    }
    // The service may have another environment than this shell.
    return .warn(
      "credentials", "\(credential.name): \(reference) is not set here",
      mend: "see that the service has it in its environment, such as by systemd's EnvironmentFile=")
  }

  /// As it is judged when a request needs it: what stands in the file only the TLS library can tell.
  private static func file(_ credential: CheckupStore.CredentialReference) -> Finding? {
    let path = String(credential.reference.dropFirst(5))
    guard access(path, R_OK) != 0 else { return nil }
    let reason = String(cString: strerror(errno))
    let mend =
      switch credential.role {
      case .clientKey: "put the certificate's private key there, in PEM and not encrypted, for the program's user alone"
      case .caBundle: "put the authorities to trust there, in PEM, to be read by the program's user"
      case .clientCertificate, .secret:
        "put the certificate and its chain there, in PEM, to be read by the program's user"
      }
    return .fail(
      "credentials", "\(credential.name): \(credential.role.rawValue) \(path) cannot be read: \(reason)", mend: mend)
  }
}
