import Chat
import Wire

/// The object that both forms of an answer consist of: one chunk of a stream, or the whole. Only the choice of index 0
/// is read; we ask for one.
struct OpenAIAnswer {
  private let object: JSONElement

  /// Absent from Azure's first chunk (prompt filter results) and from the last one, which holds usage.
  let choice: JSONElement?

  /// Throws the error that stands in its place, and `upstream_malformed` if it is no object.
  init(_ object: JSONElement) throws(ProviderError) {
    guard object.kind == .object else { throw ProviderError(.malformed, cause: "an answer that is no JSON object") }
    if let error = object["error"], !error.isNull { throw OpenAIFailure(inBand: error).error() }
    self.object = object
    choice = object["choices"]?.elements.first { $0["index"].map { $0.int == 0 } ?? true }
    // vLLM puts the error's members at the top.
    if choice == nil, object["object"]?.string == "error" { throw OpenAIFailure(inBand: object).error() }
  }

  var usage: Usage? {
    guard let usage = object["usage"], usage.kind == .object else { return nil }
    func tokens(_ count: JSONElement?) -> Int? { count?.int.map { max(0, $0) } }
    return Usage(
      inputTokens: tokens(usage["prompt_tokens"]) ?? 0, outputTokens: tokens(usage["completion_tokens"]) ?? 0,
      cachedTokens: tokens(usage["prompt_tokens_details"]?["cached_tokens"]),
      reasoningTokens: tokens(usage["completion_tokens_details"]?["reasoning_tokens"]))
  }

  /// Hands over what `delta` of a chunk, or `message` of a whole answer, holds. Reasoning is not part of OpenAI's format:
  /// DeepSeek, vLLM and llama.cpp call it `reasoning_content`, OpenRouter and others `reasoning`.
  static func deliver(_ message: JSONElement, to sink: inout some ProviderEventSink) {
    (message["reasoning_content"] ?? message["reasoning"])?.withString { if !$0.isEmpty { sink.reasoning($0) } }
    message["content"]?.withString { if !$0.isEmpty { sink.text($0) } }
    message["refusal"]?.withString { if !$0.isEmpty { sink.text($0) } }
  }

  /// Nil while the choice has none. Words that nobody has defined count as a natural end; throws `upstream_error` for the
  /// words that servers use when they gave up.
  static func finishReason(of choice: JSONElement) throws(ProviderError) -> FinishReason? {
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
