/// The events of one streamed answer, and the answer in one piece.
///
/// Source: Amazon Bedrock API reference, "ConverseStream" and "Converse". `p` is the padding of every event.
struct ConverseStream: AnswerStream {
  private static let padding = "\"p\":\"abcdefghijklmnop\""
  private static let metrics = "\"metrics\":{\"latencyMs\":1234}"

  private let reply: Reply
  /// Of the block under way, or to come.
  private var index = 0

  init(_ reply: Reply) { self.reply = reply }

  func start() -> [Event] { [Event("messageStart", "{\(Self.padding),\"role\":\"assistant\"}")] }

  /// Only calls are announced: what a call is stands nowhere else.
  func open(_ part: Part) -> [Event] {
    guard case .call(let call) = part else { return [] }
    return [
      Event(
        "contentBlockStart",
        "{\"contentBlockIndex\":\(index),\(Self.padding),\"start\":{\"toolUse\":{"
          + "\"name\":\(JSONText.quoted(call.name)),\"toolUseId\":\"tooluse_\(reply.callID(call, 22))\"}}}")
    ]
  }

  func delta(of part: Part) -> Delta? {
    switch part {
    case .reasoning: delta("\"reasoningContent\":{\"text\":\"", "\"}")
    case .text: delta("\"text\":\"", "\"")
    case .call: delta("\"toolUse\":{\"input\":\"", "\"}")
    }
  }

  mutating func close(_ part: Part) -> [Event] {
    defer { index += 1 }
    let stop = Event("contentBlockStop", "{\"contentBlockIndex\":\(index),\(Self.padding)}")
    guard part == .reasoning else { return [stop] }
    let signature = "\"reasoningContent\":{\"signature\":\"\(reply.signature)\"}"
    return [
      Event("contentBlockDelta", "{\"contentBlockIndex\":\(index),\"delta\":{\(signature)},\(Self.padding)}"), stop,
    ]
  }

  func finish() -> [Event] { [Event("messageStop", "{\(Self.padding),\"stopReason\":\"\(stopReason)\"}")] }

  func done() -> [Event] { [Event("metadata", "{\(Self.metrics),\(Self.padding),\(usage)}")] }

  /// An exception of the model's API, or an error of the protocol.
  func fail(_ refusal: Refusal, other: Bool) -> [Event] {
    other
      ? [Event(refusal.bedrockException, kind: .error, refusal.message)]
      : [Event(refusal.bedrockException, kind: .exception, refusal.bedrockError)]
  }

  var garbage: Event { Event("contentBlockDelta", "{\"contentBlockIndex\":0,\"del") }

  /// The whole answer.
  var object: String {
    let content = reply.parts.map { part in
      switch part {
      case .reasoning:
        "{\"reasoningContent\":{\"reasoningText\":{\"signature\":\"\(reply.signature)\","
          + "\"text\":\"\(reply.reasoningJSON)\"}}}"
      case .text: "{\"text\":\"\(reply.textJSON)\"}"
      case .call(let call):
        "{\"toolUse\":{\"input\":\(call.arguments),\"name\":\(JSONText.quoted(call.name)),"
          + "\"toolUseId\":\"tooluse_\(reply.callID(call, 22))\"}}"
      }
    }
    return
      "{\(Self.metrics),"
      + "\"output\":{\"message\":{\"content\":[\(content.joined(separator: ","))],\"role\":\"assistant\"}},"
      + "\"stopReason\":\"\(stopReason)\",\(usage)}"
  }

  private func delta(_ opening: String, _ closing: String) -> Delta {
    let trail = closing + "},"
    return Delta(
      "contentBlockDelta", "{\"contentBlockIndex\":\(index),\"delta\":{" + opening, trail + Self.padding + "}",
      padding: trail + "\"p\":\"")
  }

  private var stopReason: String {
    switch reply.finish {
    case .stop: "end_turn"
    case .length: "max_tokens"
    case .toolCalls: "tool_use"
    }
  }

  private var usage: String {
    let usage = reply.usage
    return "\"usage\":{\"inputTokens\":\(usage.prompt - usage.cached),\"outputTokens\":\(usage.completion),"
      + (usage.cached > 0 ? "\"cacheReadInputTokens\":\(usage.cached)," : "")
      + "\"totalTokens\":\(usage.total)}"
  }
}
