/// One message of the conversation as a provider gets it.
package struct ProviderMessage: Sendable, Equatable {
  package enum Role: String, Sendable {
    case system, user, assistant
    /// Results of the calls of the assistant's message before it, one part each.
    case tool
  }

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

  /// The message as a model sees it that knows no tools; nil if nothing is left of it. Blocks that are kept go too: they
  /// are signed for a round with its calls.
  var withoutTools: ProviderMessage? {
    guard parts.contains(where: \.isOfTools) else { return self }
    let rest = parts.filter { part in
      if case .kept = part { return false }
      return !part.isOfTools
    }
    return rest.isEmpty ? nil : ProviderMessage(role: role, parts: rest)
  }
}

extension ProviderMessage: Redacted {
  package var description: String { "\(role.rawValue) message" }
}
