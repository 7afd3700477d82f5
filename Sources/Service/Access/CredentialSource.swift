import FoundationEssentials

/// Where a credential is kept outside the database: `env:NAME` or `file:PATH`. The secret itself is never stored.
enum CredentialSource {
  /// Nil if the variable or file is not there, or empty.
  static func secret(of reference: String) -> String? {
    let secret: String?
    if reference.hasPrefix("env:") {
      secret = ProcessInfo.processInfo.environment[String(reference.dropFirst(4))]
    } else if reference.hasPrefix("file:") {
      secret = try? String(contentsOfFile: String(reference.dropFirst(5)), encoding: .utf8)
    } else {
      secret = nil
    }
    let trimmed = secret.map { String($0.trimming { $0.isWhitespace }) }
    return trimmed?.isEmpty == false ? trimmed : nil
  }
}
