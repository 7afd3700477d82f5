import Chat
import Wire

/// Reads answers of `generateContent`. A stream is events, each a whole response with the next parts; usage counts from
/// the start, and nothing but the finish reason marks the end.
struct GeminiReader: AnswerReader {
  typealias Framing = GeminiFraming

  private var calls = 0

  mutating func read(
    _ unit: GeminiFraming.Unit, to sink: inout some ProviderEventSink
  ) throws(ProviderError) -> AnswerStep {
    var step = AnswerStep.aside
    if let event = unit.event {
      step = try event.withBytes { (data) throws(ProviderError) in
        if data.isEmpty { return .aside }
        let document = try JSONDocument(answer: data, "an event")
        return try read(document.root, to: &sink)
      }
    }
    if unit.tail.isEmpty { return step }
    return try unit.tail.span.withUnsafeBytes { (tail) throws(ProviderError) in
      try read(tail: tail, after: step, to: &sink)
    }
  }

  static func read(whole answer: JSONElement, to sink: inout some ProviderEventSink) throws(ProviderError)
    -> FinishReason
  {
    var reader = GeminiReader()
    guard case .ended(let reason) = try reader.read(answer, to: &sink) else {
      throw ProviderError(.malformed, cause: "a body without a finish reason")
    }
    return reason
  }

  /// One response or error, or an array of them.
  private mutating func read(
    tail: UnsafeRawBufferPointer, after first: AnswerStep, to sink: inout some ProviderEventSink
  ) throws(ProviderError) -> AnswerStep {
    let document: JSONDocument
    do { document = try JSONDocument(parsing: tail) } catch {
      throw ProviderError(.malformed, cause: "a tail that is no JSON (\(error.rawValue))")
    }
    let responses = document.root.kind == .array ? Array(document.root.elements) : [document.root]
    var step = first
    for response in responses {
      let next = try read(response, to: &sink)
      switch (step, next) {
      case (.ended, _), (_, .aside): break
      default: step = next
      }
    }
    return step
  }

  private mutating func read(
    _ response: JSONElement, to sink: inout some ProviderEventSink
  ) throws(ProviderError) -> AnswerStep {
    if let error = response["error"], !error.isNull { throw ProviderFailure(inBand: error).error() }
    if let usage = Self.usage(of: response) { sink.usage(usage) }
    // We ask for one.
    let candidate = response["candidates"]?.elements.first { $0["index"].map { $0.int == 0 } ?? true }
    guard let candidate else {
      guard let reason = response["promptFeedback"]?["blockReason"]?.string else { return .aside }
      throw ProviderError(.contentFiltered, cause: "the prompt was blocked: \(reason)")
    }
    if let parts = candidate["content"]?["parts"] {
      for part in parts.elements { deliver(part, to: &sink) }
    }
    return try finishReason(of: candidate).map { .ended($0) } ?? .answered
  }

  /// Text and calls; what else a part may hold is left out, unless it is signed.
  private mutating func deliver(_ part: JSONElement, to sink: inout some ProviderEventSink) {
    let signature = part["thoughtSignature"]?.string.flatMap { $0.isEmpty ? nil : $0 }
    if let call = part["functionCall"] { return deliver(call, signature: signature, to: &sink) }
    let isThought = part["thought"]?.bool == true
    part["text"]?.withString { text in
      guard !text.isEmpty else { return }
      if isThought { sink.reasoning(text) } else { sink.text(text) }
    }
    if signature != nil, let block = Self.signedPart(part) { sink.keep(block) }
  }

  private mutating func deliver(
    _ call: JSONElement, signature: String?, to sink: inout some ProviderEventSink
  ) {
    let id = call["id"]?.string.flatMap { $0.isEmpty ? nil : $0 } ?? "call_\(calls)"
    sink.toolCall(index: calls, id: id, name: call["name"]?.string ?? "", signature: signature)
    let arguments = call["args"].flatMap { $0.kind == .object ? $0.minified : nil } ?? Array("{}".utf8)
    arguments.withUnsafeBytes { sink.toolArguments($0, index: calls) }
    calls += 1
  }

  /// The part as it goes back. One with nothing but a signature gets an empty text: requests take no part without data.
  private static func signedPart(_ part: JSONElement) -> [UInt8]? {
    let hasData = part.members.contains { name, _ in
      name.withString { !$0.elementsEqual("thoughtSignature".utf8) && !$0.elementsEqual("thought".utf8) } ?? false
    }
    guard let json = part.minified, !hasData else { return part.minified }
    return Array(#"{"text":"","#.utf8) + json.dropFirst()
  }

  /// Thoughts are not among the candidates' tokens.
  private static func usage(of response: JSONElement) -> Usage? {
    guard let usage = response["usageMetadata"], usage.kind == .object else { return nil }
    let thoughts = usage["thoughtsTokenCount"]?.tokens
    return Usage(
      inputTokens: usage["promptTokenCount"]?.tokens ?? 0,
      outputTokens: (usage["candidatesTokenCount"]?.tokens ?? 0).addingReportingOverflow(thoughts ?? 0).partialValue,
      cachedTokens: usage["cachedContentTokenCount"]?.tokens, reasoningTokens: thoughts)
  }

  /// Nil while the candidate has none. Words that nobody has defined count as a natural end; throws `upstream_error` where
  /// the model, or the API, gave up (ai.google.dev/api/generate-content#FinishReason).
  private func finishReason(of candidate: JSONElement) throws(ProviderError) -> FinishReason? {
    guard let word = candidate["finishReason"]?.string, !word.isEmpty else { return nil }
    switch word {
    case "FINISH_REASON_UNSPECIFIED": return nil
    case "MAX_TOKENS": return .length
    case "SAFETY", "RECITATION", "LANGUAGE", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "IMAGE_SAFETY",
      "IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION":
      return .contentFilter
    case "MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "TOO_MANY_TOOL_CALLS", "MISSING_THOUGHT_SIGNATURE",
      "MALFORMED_RESPONSE", "NO_IMAGE", "IMAGE_OTHER", "OTHER":
      let message = candidate["finishMessage"]?.string ?? ""
      throw ProviderError(.failed, cause: "finishReason \(word) \(message)")
    default: return calls > 0 ? .toolCalls : .stop
    }
  }
}
