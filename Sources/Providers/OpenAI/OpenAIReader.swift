import Chat
import Wire

/// Reads chat completions. A stream is server-sent events, each a chunk, then usage, then `[DONE]`; many servers leave
/// out the last two, and some report errors as a chunk under status 200. Only the choice of index 0 is read; we ask for
/// one.
struct OpenAIReader: AnswerReader {
  typealias Framing = EventFraming

  private var calls = ToolCallCount()

  mutating func read(
    _ event: SSEEvent, to sink: inout some ProviderEventSink
  ) throws(ProviderError) -> AnswerStep {
    try event.data.withBytes { (data) throws(ProviderError) in try read(data, to: &sink) }
  }

  private mutating func read(
    _ data: UnsafeRawBufferPointer, to sink: inout some ProviderEventSink
  ) throws(ProviderError) -> AnswerStep {
    // Some servers keep the connection open with empty events.
    if data.isEmpty { return .aside }
    if data.elementsEqual("[DONE]".utf8) { return .whole(nil) }
    let document = try JSONDocument(answer: data, "an event")
    let choice = try Self.choice(of: document.root)
    if let usage = Self.usage(of: document.root) { sink.usage(usage) }
    guard let choice else { return .aside }
    if let delta = choice["delta"] { try deliver(delta, to: &sink) }
    return try Self.finishReason(of: choice).map { .ended($0) } ?? .answered
  }

  static func read(whole answer: JSONElement, to sink: inout some ProviderEventSink) throws(ProviderError)
    -> FinishReason
  {
    guard let choice = try choice(of: answer), let message = choice["message"] else {
      throw ProviderError(.malformed, cause: "a body without a message")
    }
    let reason = try finishReason(of: choice) ?? .stop
    if let usage = usage(of: answer) { sink.usage(usage) }
    var reader = OpenAIReader()
    try reader.deliver(message, to: &sink)
    return reason
  }

  /// Absent from Azure's first chunk (prompt filter results) and from the last one, which holds usage. Throws the error
  /// that stands in its place.
  private static func choice(of answer: JSONElement) throws(ProviderError) -> JSONElement? {
    if let error = answer["error"], !error.isNull { throw ProviderFailure(inBand: error).error() }
    if let choice = answer["choices"]?.elements.first(where: { $0["index"].map { $0.int == 0 } ?? true }) {
      return choice
    }
    // vLLM puts the error's members at the top.
    if answer["object"]?.string == "error" { throw ProviderFailure(inBand: answer).error() }
    return nil
  }

  private static func usage(of answer: JSONElement) -> Usage? {
    guard let usage = answer["usage"], usage.kind == .object else { return nil }
    return Usage(
      inputTokens: usage["prompt_tokens"]?.tokens ?? 0, outputTokens: usage["completion_tokens"]?.tokens ?? 0,
      cachedTokens: usage["prompt_tokens_details"]?["cached_tokens"]?.tokens,
      reasoningTokens: usage["completion_tokens_details"]?["reasoning_tokens"]?.tokens)
  }

  /// Hands over what `delta` of a chunk, or `message` of a whole answer, holds. Reasoning is not part of OpenAI's format:
  /// DeepSeek, vLLM and llama.cpp call it `reasoning_content`, OpenRouter and others `reasoning`.
  private mutating func deliver(
    _ message: JSONElement, to sink: inout some ProviderEventSink
  ) throws(ProviderError) {
    (message["reasoning_content"] ?? message["reasoning"])?.withString { if !$0.isEmpty { sink.reasoning($0) } }
    message["content"]?.withString { if !$0.isEmpty { sink.text($0) } }
    message["refusal"]?.withString { if !$0.isEmpty { sink.text($0) } }
    guard let pieces = message["tool_calls"] else { return }
    for (place, piece) in pieces.elements.enumerated() { try deliver(call: piece, at: place, to: &sink) }
  }

  private mutating func deliver(
    call piece: JSONElement, at place: Int, to sink: inout some ProviderEventSink
  ) throws(ProviderError) {
    let id = piece["id"]?.string ?? ""
    let function = piece["function"]
    let (index, isNew) = try calls.index(number: piece["index"]?.int ?? place, id: id)
    if isNew { sink.toolCall(index: index, id: id, name: function?["name"]?.string ?? "", signature: nil) }
    function?["arguments"]?.withString { if !$0.isEmpty { sink.toolArguments($0, index: index) } }
  }

  /// Nil while the choice has none. Words that nobody has defined count as a natural end; throws `upstream_error` for the
  /// words that servers use when they gave up.
  private static func finishReason(of choice: JSONElement) throws(ProviderError) -> FinishReason? {
    guard let word = choice["finish_reason"]?.string, !word.isEmpty else { return nil }
    switch word {
    case "length", "max_tokens": return .length
    case "tool_calls", "function_call": return .toolCalls
    case "content_filter": return .contentFilter
    case "error", "abort": throw ProviderError(.failed, cause: "finish_reason \(word)")
    default: return .stop
    }
  }
}

extension JSONElement {
  /// A count of tokens: what is no number is none, what is negative is 0.
  var tokens: Int? { int.map { max(0, $0) } }
}
