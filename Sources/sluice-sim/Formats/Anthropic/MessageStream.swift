/// The events of one streamed message.
///
/// Source: Anthropic API reference, "Streaming messages".
struct MessageStream: AnswerStream {
  private static let ping = Event("ping", "{\"type\": \"ping\"}")

  private let reply: Reply
  private let object: MessageObject
  /// Of the block under way, or to come.
  private var index = 0

  init(_ reply: Reply) {
    self.reply = reply
    object = MessageObject(reply)
  }

  func start() -> [Event] { [event("message_start", ",\"message\":" + object.begun)] }

  func open(_ part: Part) -> [Event] {
    let start = event("content_block_start", ",\"index\":\(index),\"content_block\":" + object.opened(part))
    return switch part {
    case .call: [start, block("{\"type\":\"input_json_delta\",\"partial_json\":\"\"}")]
    case .reasoning, .text: index == 0 ? [start, Self.ping] : [start]
    }
  }

  func delta(of part: Part) -> Delta? {
    let delta =
      switch part {
      case .reasoning: "\"thinking_delta\",\"thinking\":\""
      case .text: "\"text_delta\",\"text\":\""
      case .call: "\"input_json_delta\",\"partial_json\":\""
      }
    return Delta(
      "content_block_delta",
      "{\"type\":\"content_block_delta\",\"index\":\(index),\"delta\":{\"type\":" + delta, "\"}}")
  }

  mutating func close(_ part: Part) -> [Event] {
    defer { index += 1 }
    let stop = event("content_block_stop", ",\"index\":\(index)")
    guard part == .reasoning else { return [stop] }
    return [block("{\"type\":\"signature_delta\",\"signature\":\"\(reply.signature)\"}"), stop]
  }

  func finish() -> [Event] {
    [
      event(
        "message_delta",
        ",\"delta\":{\"stop_reason\":\"\(object.stopReason)\",\"stop_sequence\":null},"
          + "\"usage\":{\"input_tokens\":\(reply.usage.prompt - reply.usage.cached),\"cache_creation_input_tokens\":0,"
          + "\"cache_read_input_tokens\":\(reply.usage.cached),\"output_tokens\":\(reply.usage.completion)}")
    ]
  }

  func done() -> [Event] { [event("message_stop", "")] }

  func fail(_ refusal: Refusal, other: Bool) -> [Event] { [Event("error", refusal.anthropicError)] }

  var garbage: Event { Event("content_block_delta", "{\"type\":\"content_block_delta\",\"index\":0,\"del") }

  var ping: Event? { Self.ping }

  private func block(_ delta: String) -> Event {
    event("content_block_delta", ",\"index\":\(index),\"delta\":" + delta)
  }

  private func event(_ name: String, _ members: String) -> Event { Event(name, "{\"type\":\"\(name)\"\(members)}") }
}
