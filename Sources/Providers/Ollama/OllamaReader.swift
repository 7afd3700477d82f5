import Chat
import Wire

/// Reads the answers of `/api/chat`: a stream is lines of JSON, the last of which says `"done":true` and holds usage. An
/// error is a line with nothing but `error`, under status 200 (docs.ollama.com/api/errors).
struct OllamaReader: AnswerReader {
  typealias Framing = LineFraming

  /// Bytes of thinking.
  private static let limit = 16 << 20

  private var calls = 0
  /// As it goes back with the calls: templates want to see why the model called.
  private var thinking: [UInt8] = []

  mutating func read(
    _ line: StreamBytes, to sink: inout some ProviderEventSink
  ) throws(ProviderError) -> AnswerStep {
    try line.withBytes { (line) throws(ProviderError) in
      let document = try JSONDocument(answer: line, "a line")
      return try read(document.root, to: &sink)
    }
  }

  static func read(whole answer: JSONElement, to sink: inout some ProviderEventSink) throws(ProviderError)
    -> FinishReason
  {
    var reader = OllamaReader()
    guard case .whole(let reason?) = try reader.read(answer, to: &sink) else {
      throw ProviderError(.malformed, cause: "a body that is not done")
    }
    return reason
  }

  private mutating func read(
    _ line: JSONElement, to sink: inout some ProviderEventSink
  ) throws(ProviderError) -> AnswerStep {
    if let error = line["error"], !error.isNull { throw ProviderFailure(inBand: error).error() }
    let message = line["message"]
    if let message { deliver(message, to: &sink) }
    guard thinking.count <= Self.limit else {
      throw ProviderError(.malformed, cause: "thinking longer than \(Self.limit) bytes")
    }
    guard line["done"]?.bool == true else { return message == nil ? .aside : .answered }
    if let usage = Self.usage(of: line) { sink.usage(usage) }
    return .whole(finishReason(of: line))
  }

  private mutating func deliver(_ message: JSONElement, to sink: inout some ProviderEventSink) {
    message["thinking"]?.withString { text in
      guard !text.isEmpty else { return }
      thinking.append(contentsOf: text)
      sink.reasoning(text)
    }
    message["content"]?.withString { if !$0.isEmpty { sink.text($0) } }
    guard let pieces = message["tool_calls"] else { return }
    for call in pieces.elements { deliver(call: call, to: &sink) }
  }

  /// Each is whole. Only late servers give ids.
  private mutating func deliver(call: JSONElement, to sink: inout some ProviderEventSink) {
    if !thinking.isEmpty {
      var writer = JSONWriter(capacity: thinking.count + 2)
      writer.string(utf8: thinking)
      sink.keep(writer.bytes)
      thinking = []
    }
    let function = call["function"]
    let id = call["id"]?.string.flatMap { $0.isEmpty ? nil : $0 } ?? "call_\(calls)"
    sink.toolCall(index: calls, id: id, name: function?["name"]?.string ?? "", signature: nil)
    let arguments = function?["arguments"].flatMap { $0.kind == .object ? $0.minified : nil } ?? Array("{}".utf8)
    arguments.withUnsafeBytes { sink.toolArguments($0, index: calls) }
    calls += 1
  }

  /// Counts that are 0 are left out: a prompt that was in the cache whole, say.
  private static func usage(of line: JSONElement) -> Usage? {
    let (input, output) = (line["prompt_eval_count"]?.tokens, line["eval_count"]?.tokens)
    guard input != nil || output != nil else { return nil }
    return Usage(inputTokens: input ?? 0, outputTokens: output ?? 0)
  }

  /// `stop` also where the model calls tools; `load` and `unload` answer a call without messages.
  private func finishReason(of line: JSONElement) -> FinishReason {
    if line["done_reason"]?.string == "length" { return .length }
    return calls > 0 ? .toolCalls : .stop
  }
}
