import Chat
import Wire

/// Reads a chat completion that comes in one piece. It is gathered (at most 16 MiB) and read at its end.
struct OpenAIResponse: ProviderDecoder {
  private var body: [UInt8] = []
  private var isClosed = false

  private(set) var sawData = false
  /// Only the end of the body shows that it is whole.
  private(set) var sawFinish = false

  mutating func feed<Sink: ProviderEventSink>(
    _ bytes: UnsafeRawBufferPointer, to sink: inout Sink
  ) throws(ProviderError) {
    // OpenRouter sends white space while it waits.
    sawData = bytes.contains { $0 > 0x20 }
    if isClosed { return }
    guard body.count + bytes.count <= JSONDocument.defaultLimit else {
      body = []
      isClosed = true
      throw ProviderError(.malformed, cause: "a body longer than \(JSONDocument.defaultLimit) bytes")
    }
    body.append(contentsOf: bytes)
  }

  mutating func finish<Sink: ProviderEventSink>(to sink: inout Sink) throws(ProviderError) {
    if isClosed { return }
    isClosed = true
    defer { body = [] }
    let document: JSONDocument
    do { document = try JSONDocument(parsing: body) } catch {
      throw ProviderError(
        body.isEmpty ? .truncated : .malformed, cause: "a body that is no JSON (\(error.rawValue))")
    }
    let answer = try OpenAIAnswer(document.root)
    guard let choice = answer.choice, let message = choice["message"] else {
      throw ProviderError(.malformed, cause: "a body without a message")
    }
    let reason = try OpenAIAnswer.finishReason(of: choice) ?? .stop
    if let usage = answer.usage { sink.usage(usage) }
    OpenAIAnswer.deliver(message, to: &sink)
    sawFinish = true
    sink.finish(reason)
  }
}
