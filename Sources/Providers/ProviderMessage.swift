/// One message of the conversation as a provider gets it.
package struct ProviderMessage: Sendable {
  package enum Role: String, Sendable { case system, user, assistant }

  package let role: Role
  /// In the order in which they are to be read.
  package let parts: [MessagePart]

  package init(role: Role, parts: [MessagePart]) {
    self.role = role
    self.parts = parts
  }

  package init(role: Role, text: String) { self.init(role: role, parts: [.text(text)]) }

  /// All text in one piece, if there is nothing but text.
  var plainText: String? {
    var texts: [String] = []
    for part in parts {
      guard case .text(let text) = part else { return nil }
      texts.append(text)
    }
    return texts.joined()
  }
}

extension ProviderMessage: Redacted {
  package var description: String { "\(role.rawValue) message" }
}
