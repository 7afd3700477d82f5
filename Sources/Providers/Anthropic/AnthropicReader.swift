import Chat
import Wire

/// Reads a message (platform.claude.com/docs/en/build-with-claude/streaming). A stream is server-sent events that open,
/// fill and close numbered blocks, with `ping` and unknown events between them; `message_stop` is its end mark.
struct AnthropicReader: AnswerReader {
  typealias Framing = EventFraming

  private var blocks = AnthropicBlocks()
  private var usage = AnthropicUsage()
  private var reason: FinishReason?

  mutating func read(
    _ event: SSEEvent, to sink: inout some ProviderEventSink
  ) throws(ProviderError) -> AnswerStep {
    try event.data.withBytes { (data) throws(ProviderError) in
      if data.isEmpty { return .aside }
      let document = try JSONDocument(answer: data, "an event")
      return try read(document.root, to: &sink)
    }
  }

  private mutating func read(
    _ event: JSONElement, to sink: inout some ProviderEventSink
  ) throws(ProviderError) -> AnswerStep {
    switch event["type"]?.string {
    case "message_start":
      if let usage = event["message"]?["usage"] { report(usage, to: &sink) }
      return .aside
    case "content_block_start":
      guard let index = event["index"]?.int, let block = event["content_block"] else { return .aside }
      try blocks.open(index, block, to: &sink)
      return .answered
    case "content_block_delta":
      guard let index = event["index"]?.int, let delta = event["delta"] else { return .aside }
      try blocks.add(delta, to: index, &sink)
      return .answered
    case "content_block_stop":
      if let index = event["index"]?.int { blocks.close(index, to: &sink) }
      return .answered
    case "message_delta":
      if let usage = event["usage"] { report(usage, to: &sink) }
      if let reason = Self.finishReason(of: event["delta"]) { self.reason = reason }
      return .answered
    case "message_stop": return .whole(reason)
    default:
      if let error = event["error"], !error.isNull { throw ProviderFailure(inBand: error).error() }
      return .aside
    }
  }

  /// Counts are cumulative: each replaces what was reported before.
  private mutating func report(_ counts: JSONElement, to sink: inout some ProviderEventSink) {
    usage.replace(with: counts)
    sink.usage(usage.total)
  }

  static func read(whole answer: JSONElement, to sink: inout some ProviderEventSink) throws(ProviderError)
    -> FinishReason
  {
    if let error = answer["error"], !error.isNull { throw ProviderFailure(inBand: error).error() }
    guard let content = answer["content"], content.kind == .array else {
      throw ProviderError(.malformed, cause: "a body without content")
    }
    var reader = AnthropicReader()
    if let usage = answer["usage"] { reader.report(usage, to: &sink) }
    for (index, block) in content.elements.enumerated() {
      try reader.blocks.open(index, block, to: &sink)
      reader.blocks.close(index, to: &sink)
    }
    return finishReason(of: answer) ?? .stop
  }

  /// platform.claude.com/docs/en/build-with-claude/handling-stop-reasons. Words that nobody has defined count as a natural
  /// end; nil while there is none.
  private static func finishReason(of message: JSONElement?) -> FinishReason? {
    switch message?["stop_reason"]?.string {
    case nil: nil
    case "max_tokens", "model_context_window_exceeded": .length
    case "tool_use": .toolCalls
    case "refusal": .contentFilter
    default: .stop
    }
  }
}
