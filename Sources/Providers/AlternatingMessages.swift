/// A conversation for providers that know two roles, which take turns: adjacent messages of one role are one, results of
/// tools are the user's.
struct AlternatingMessages {
  struct Turn {
    let isUser: Bool
    /// At least one.
    fileprivate(set) var parts: [MessagePart]

    /// The whole turn, if it is one piece of text.
    var plainText: String? {
      if parts.count == 1, case .text(let text) = parts[0] { text } else { nil }
    }
  }

  /// What stands apart: the system prompt, then the system's messages. Nil for none.
  let system: String?
  private(set) var turns: [Turn] = []

  /// Leaves out text that is white space only, for such providers refuse it, and blocks that `driver` has not written.
  init(_ call: ProviderCall, messages: [ProviderMessage], driver: String) {
    var system = call.systemPrompt.map { [$0] } ?? []
    for message in messages {
      let parts = message.parts.filter { Self.isSent($0, by: driver) }
      if parts.isEmpty { continue }
      guard message.role != .system else {
        if let text = message.plainText { system.append(text) }
        continue
      }
      let isUser = message.role != .assistant
      if turns.last?.isUser == isUser {
        turns[turns.count - 1].parts += parts
      } else {
        turns.append(Turn(isUser: isUser, parts: parts))
      }
    }
    system.removeAll(where: Self.isBlank)
    self.system = system.isEmpty ? nil : system.joined(separator: "\n\n")
  }

  private static func isSent(_ part: MessagePart, by driver: String) -> Bool {
    switch part {
    case .text(let text): !isBlank(text)
    case .kept(let author, _): author == driver
    case .image, .imageData, .toolCall, .toolResult: true
    }
  }

  private static func isBlank(_ text: String) -> Bool { text.allSatisfy(\.isWhitespace) }
}
