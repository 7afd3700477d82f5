import Wire

/// What a turn's events say of the answer, one after the other.
enum CompletionEvent {
  case text([UInt8])
  case reasoning([UInt8])
  /// A piece of a tool call; the last one closes it.
  case tool(id: String, name: String, arguments: [UInt8], isLast: Bool)

  /// Those of `events`, which are joined by commas. What else a log holds says nothing of the answer.
  static func all(in events: some Collection<UInt8>) -> [CompletionEvent] {
    // The log is this program's own JSON; what does not parse would have nothing to say.
    guard let document = try? JSONDocument(parsing: [0x5B] + events + [0x5D], limit: .max) else { return [] }
    return document.root.elements.compactMap { CompletionEvent($0) }
  }

  private init?(_ event: JSONElement) {
    switch event["type"]?.string {
    case "text": self = .text(Self.bytes(event["text"]))
    case "reasoning": self = .reasoning(Self.bytes(event["text"]))
    case "tool":
      self = .tool(
        id: event["id"]?.string ?? "", name: event["name"]?.string ?? "", arguments: Self.bytes(event["arguments"]),
        isLast: event["status"]?.string != "arriving")
    default: return nil
    }
  }

  private static func bytes(_ text: JSONElement?) -> [UInt8] { text?.withString { Array($0) } ?? [] }
}
