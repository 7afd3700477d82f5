/// Whether the secrets of the model providers are found on this machine.
enum CredentialCheck {
  /// The credentials of enabled routes. Tells names and references, never what is there.
  static func findings(_ credentials: [(name: String, reference: String)]) -> [Finding] {
    var findings: [Finding] = []
    for (name, reference) in credentials where CredentialSource.secret(of: reference) == nil {
      if reference.hasPrefix("file:") {
        findings.append(
          .fail(
            "credentials", "\(name): \(reference) is empty or cannot be read",
            mend: "write the key into \(reference.dropFirst(5)), to be read by the program's user alone"))
      } else {
        // The service may have another environment than this shell.
        findings.append(
          .warn(
            "credentials", "\(name): \(reference) is not set here",
            mend: "see that the service has it in its environment, such as by systemd's EnvironmentFile="))
      }
    }
    return findings.isEmpty ? [.ok("credentials", "\(credentials.count) found")] : findings
  }
}
