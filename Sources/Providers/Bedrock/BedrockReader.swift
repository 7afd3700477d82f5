import Chat
import Wire

/// Reads a message of Converse. A stream is frames, each an event with a JSON payload or an exception in its place:
/// `messageStart`, the blocks, `messageStop` with the reason, and last `metadata` with usage, which is the end mark.
struct BedrockReader: AnswerReader {
  typealias Framing = FrameFraming

  private var blocks = BedrockBlocks()
  private var reason: FinishReason?

  mutating func read(
    _ message: EventStreamMessage, to sink: inout some ProviderEventSink
  ) throws(ProviderError) -> AnswerStep {
    let name = message[":event-type"]?.string ?? ""
    switch message[":message-type"]?.string {
    case "exception":
      throw BedrockException.error(message[":exception-type"]?.string ?? "", message.payload)
    case "error":
      throw BedrockException.error(
        message[":error-code"]?.string ?? "", text: message[":error-message"]?.string ?? "")
    default:
      if name.hasSuffix("Exception") { throw BedrockException.error(name, message.payload) }
    }
    return try message.payload.withBytes { (payload) throws(ProviderError) in
      if payload.isEmpty { return .aside }
      let document = try JSONDocument(answer: payload, "an event")
      return try read(document.root, name, to: &sink)
    }
  }

  private mutating func read(
    _ event: JSONElement, _ name: String, to sink: inout some ProviderEventSink
  ) throws(ProviderError) -> AnswerStep {
    let index = event["contentBlockIndex"]?.int ?? 0
    switch name {
    case "contentBlockStart":
      if let start = event["start"] { try blocks.open(index, start, to: &sink) }
      return .answered
    case "contentBlockDelta":
      if let delta = event["delta"] { try blocks.add(delta, to: index, &sink) }
      return .answered
    case "contentBlockStop":
      blocks.close(index, to: &sink)
      return .answered
    case "messageStop":
      reason = try Self.finishReason(of: event)
      return .answered
    case "metadata":
      if let usage = Self.usage(of: event) { sink.usage(usage) }
      return reason.map { .whole($0) } ?? .aside
    default: return .aside
    }
  }

  static func read(whole answer: JSONElement, to sink: inout some ProviderEventSink) throws(ProviderError)
    -> FinishReason
  {
    guard let content = answer["output"]?["message"]?["content"], content.kind == .array else {
      throw ProviderError(.malformed, cause: "a body without a message")
    }
    if let usage = usage(of: answer) { sink.usage(usage) }
    var blocks = BedrockBlocks()
    for (index, block) in content.elements.enumerated() {
      try blocks.open(index, block, to: &sink)
      try blocks.add(block, to: index, &sink)
      blocks.close(index, to: &sink)
    }
    return try finishReason(of: answer)
  }

  /// What is read from the cache or written to it is not part of `inputTokens`
  /// (docs.aws.amazon.com/bedrock/latest/userguide/prompt-caching.html).
  private static func usage(of answer: JSONElement) -> Usage? {
    guard let usage = answer["usage"], usage.kind == .object else { return nil }
    let cached = usage["cacheReadInputTokens"]?.tokens
    return Usage(
      inputTokens: .sum(
        usage["inputTokens"]?.tokens ?? 0, cached ?? 0, usage["cacheWriteInputTokens"]?.tokens ?? 0),
      outputTokens: usage["outputTokens"]?.tokens ?? 0, cachedTokens: cached)
  }

  /// Words that nobody has defined count as a natural end; throws `upstream_error` for those that say that the model has
  /// written what Bedrock could not read.
  private static func finishReason(of message: JSONElement) throws(ProviderError) -> FinishReason {
    let word = message["stopReason"]?.string ?? ""
    switch word {
    case "max_tokens", "model_context_window_exceeded": return .length
    case "tool_use": return .toolCalls
    case "guardrail_intervened", "content_filtered": return .contentFilter
    case "malformed_model_output", "malformed_tool_use":
      throw ProviderError(.failed, cause: "stopReason \(word)")
    default: return .stop
    }
  }
}
