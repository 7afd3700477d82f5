import Chat
import Wire

/// Reads responses. A stream is events that name themselves in `type`; one of `response.completed`, `.incomplete` and
/// `.failed`, which hold the whole response, or `error` ends it (platform.openai.com/docs/api-reference/responses-streaming).
struct ResponsesReader: AnswerReader {
  typealias Framing = EventFraming

  private var output = ResponsesOutput()

  mutating func read(
    _ event: SSEEvent, to sink: inout some ProviderEventSink
  ) throws(ProviderError) -> AnswerStep {
    try event.data.withBytes { (data) throws(ProviderError) in
      // Some gateways close with OpenAI's older mark.
      if data.isEmpty || data.elementsEqual("[DONE]".utf8) { return .aside }
      let document = try JSONDocument(answer: data, "an event")
      return try read(document.root, to: &sink)
    }
  }

  static func read(whole answer: JSONElement, to sink: inout some ProviderEventSink) throws(ProviderError)
    -> FinishReason
  {
    if let error = answer["error"], !error.isNull { throw ProviderFailure(inBand: error).error() }
    guard answer["output"]?.kind == .array else {
      throw ProviderError(.malformed, cause: "a body without output")
    }
    var reader = ResponsesReader()
    return try reader.end(answer, answer["status"]?.string ?? "completed", to: &sink)
  }

  private mutating func read(
    _ event: JSONElement, to sink: inout some ProviderEventSink
  ) throws(ProviderError) -> AnswerStep {
    if let error = event["error"], !error.isNull { throw ProviderFailure(inBand: error).error() }
    switch event["type"]?.string {
    case "response.output_text.delta", "response.refusal.delta": output.hand(.text, deltaOf: event, to: &sink)
    case "response.output_text.done": output.hand(.text, event["text"], of: event, to: &sink)
    case "response.refusal.done": output.hand(.text, event["refusal"], of: event, to: &sink)
    case "response.reasoning_summary_text.delta": output.hand(.summary, deltaOf: event, to: &sink)
    case "response.reasoning_summary_text.done": output.hand(.summary, event["text"], of: event, to: &sink)
    case "response.reasoning_text.delta": output.hand(.reasoning, deltaOf: event, to: &sink)
    case "response.reasoning_text.done": output.hand(.reasoning, event["text"], of: event, to: &sink)
    case "response.function_call_arguments.delta": output.hand(argumentsDeltaOf: event, to: &sink)
    case "response.function_call_arguments.done": output.hand(argumentsOf: event, to: &sink)
    case "response.output_item.added":
      guard let item = event["item"] else { return .aside }
      output.begin(item, of: event, to: &sink)
    case "response.output_item.done":
      guard let item = event["item"] else { return .aside }
      output.hand(item, of: event, to: &sink)
    case "response.completed": return .whole(try end(event["response"], "completed", to: &sink))
    case "response.incomplete": return .whole(try end(event["response"], "incomplete", to: &sink))
    case "response.failed": return .whole(try end(event["response"], "failed", to: &sink))
    case "error": throw ProviderFailure(inBand: event).error()
    default: return .aside
    }
    try ToolCallCount.check(output.size)
    return .answered
  }

  /// Hands over what of the whole response has not come before it.
  private mutating func end(
    _ response: JSONElement?, _ status: String, to sink: inout some ProviderEventSink
  ) throws(ProviderError) -> FinishReason {
    if let items = response?["output"] { output.hand(restOf: items, to: &sink) }
    if let usage = response.flatMap(Self.usage) { sink.usage(usage) }
    switch status {
    case "completed": return output.hasCalls ? .toolCalls : .stop
    case "incomplete":
      return response?["incomplete_details"]?["reason"]?.string == "content_filter" ? .contentFilter : .length
    default:
      guard let error = response?["error"], !error.isNull else {
        throw ProviderError(.failed, cause: "a response that is \(status)")
      }
      throw ProviderFailure(inBand: error).error()
    }
  }

  private static func usage(of response: JSONElement) -> Usage? {
    guard let usage = response["usage"], usage.kind == .object else { return nil }
    return Usage(
      inputTokens: usage["input_tokens"]?.tokens ?? 0, outputTokens: usage["output_tokens"]?.tokens ?? 0,
      cachedTokens: usage["input_tokens_details"]?["cached_tokens"]?.tokens,
      reasoningTokens: usage["output_tokens_details"]?["reasoning_tokens"]?.tokens)
  }
}
