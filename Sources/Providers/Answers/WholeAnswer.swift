import Wire

/// Reads an answer that comes in one piece. It is gathered (at most 16 MiB) and read at its end.
struct WholeAnswer<Reader: AnswerReader>: ProviderDecoder {
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
    if body.isEmpty { throw ProviderError(.truncated, cause: "an empty body") }
    let document = try body.span.withUnsafeBytes { (body) throws(ProviderError) in
      try JSONDocument(answer: body, "a body")
    }
    let reason = try Reader.read(whole: document.root, to: &sink)
    sawFinish = true
    sink.finish(reason)
  }
}

extension JSONDocument {
  /// A piece of a provider's answer, which must be an object. Throws `upstream_malformed`; `what` names the piece.
  init(answer bytes: UnsafeRawBufferPointer, _ what: StaticString) throws(ProviderError) {
    let document: JSONDocument
    do { document = try JSONDocument(parsing: bytes) } catch {
      throw ProviderError(.malformed, cause: "\(what) that is no JSON (\(error.rawValue))")
    }
    guard document.root.kind == .object else {
      throw ProviderError(.malformed, cause: "\(what) that is no JSON object")
    }
    self = document
  }
}
