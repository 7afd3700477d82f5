import Chat
import Wire

/// Reads a streamed chat completion: server-sent events, each a chunk, then usage, then `[DONE]`. Many servers leave out
/// the last two, and some report errors as a chunk under status 200.
struct OpenAIStream: ProviderDecoder {
  private enum Phase {
    /// → ended, closed. `answered`: a choice has come.
    case open(answered: Bool)
    /// The finish reason has come; usage may follow. → closed
    case ended(FinishReason)
    /// The sink has its finish, or the decoder has thrown.
    case closed
  }

  private var phase = Phase.open(answered: false)
  private var events = SSEDecoder()
  private(set) var sawFinish = false

  var sawData: Bool { events.sawData }

  mutating func feed<Sink: ProviderEventSink>(
    _ bytes: UnsafeRawBufferPointer, to sink: inout Sink
  ) throws(ProviderError) {
    events.sawData = false
    do {
      var input = bytes
      while !isClosed, let event = try next(in: &input) { try read(event, to: &sink) }
    } catch {
      phase = .closed
      throw error
    }
  }

  mutating func finish<Sink: ProviderEventSink>(to sink: inout Sink) throws(ProviderError) {
    if isClosed { return }
    do {
      if let event = try events.finish() { try read(event, to: &sink) }
    } catch let error as ProviderError where error.code != .malformed {
      phase = .closed
      throw error
    } catch {
      // Half an event: the stream was cut there, which is judged below.
    }
    defer { phase = .closed }
    switch phase {
    case .open: throw ProviderError(.truncated, cause: "the stream ended without a finish reason")
    case .ended(let reason): sink.finish(reason)
    case .closed: break
    }
  }

  private var isClosed: Bool { if case .closed = phase { true } else { false } }

  private mutating func next(in input: inout UnsafeRawBufferPointer) throws(ProviderError) -> SSEEvent? {
    do { return try events.next(in: &input) } catch {
      throw ProviderError(.malformed, cause: "an event longer than \(SSEDecoder.defaultLimit) bytes")
    }
  }

  private mutating func read(_ event: SSEEvent, to sink: inout some ProviderEventSink) throws(ProviderError) {
    try event.data.withBytes { (data) throws(ProviderError) in try read(data, to: &sink) }
  }

  private mutating func read(
    _ data: UnsafeRawBufferPointer, to sink: inout some ProviderEventSink
  ) throws(ProviderError) {
    // Some servers keep the connection open with empty events.
    if data.isEmpty { return }
    if data.elementsEqual("[DONE]".utf8) { return try close(to: &sink) }
    let document: JSONDocument
    do { document = try JSONDocument(parsing: data) } catch {
      throw ProviderError(.malformed, cause: "an event that is no JSON (\(error.rawValue))")
    }
    let chunk = try OpenAIAnswer(document.root)
    if let usage = chunk.usage { sink.usage(usage) }
    guard let choice = chunk.choice else { return }
    if let delta = choice["delta"] { OpenAIAnswer.deliver(delta, to: &sink) }
    try advance(OpenAIAnswer.finishReason(of: choice))
  }

  private mutating func advance(_ reason: FinishReason?) {
    guard case .open = phase else { return }
    phase = reason.map { .ended($0) } ?? .open(answered: true)
    sawFinish = reason != nil
  }

  /// `[DONE]` is the server's word that the answer is whole, also from those that give no finish reason.
  private mutating func close(to sink: inout some ProviderEventSink) throws(ProviderError) {
    switch phase {
    case .open(answered: false): throw ProviderError(.truncated, cause: "[DONE] without an answer")
    case .open(answered: true): sink.finish(.stop)
    case .ended(let reason): sink.finish(reason)
    case .closed: break
    }
    phase = .closed
    sawFinish = true
  }
}
