/// An access key of AWS as one text: `ACCESS_KEY_ID:SECRET`, or `ACCESS_KEY_ID:SECRET:SESSION_TOKEN` for a temporary one.
package struct AccessKey: Sendable {
  let id: String
  let secret: String
  /// Nil for a key that stays.
  let sessionToken: String?

  package init(id: String, secret: String, sessionToken: String? = nil) {
    self.id = id
    self.secret = secret
    self.sessionToken = sessionToken
  }

  /// Nil for a credential that does not begin with an access key's id (`AKIA…` or `ASIA…`). Throws `model_misconfigured`
  /// for one that does, and then lacks its secret or holds bytes that no header can.
  init?(_ credential: String) throws(ProviderError) {
    let parts = credential.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false).map(String.init)
    guard Self.isID(parts[0]) else { return nil }
    let isWhole = parts.count > 1 && parts.allSatisfy { !$0.isEmpty }
    guard isWhole, credential.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
      throw ProviderError(.misconfigured, cause: "credential: not ACCESS_KEY_ID:SECRET[:SESSION_TOKEN]")
    }
    self.init(id: parts[0], secret: parts[1], sessionToken: parts.count > 2 ? parts[2] : nil)
  }

  /// docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html, unique IDs.
  private static func isID(_ text: String) -> Bool {
    (16...128).contains(text.utf8.count) && (text.hasPrefix("AKIA") || text.hasPrefix("ASIA"))
      && text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) }
  }
}

extension AccessKey: Redacted {
  package var description: String { "access key" }
}
