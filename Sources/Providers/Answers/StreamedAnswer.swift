import Chat

/// Reads an answer that comes as a stream.
struct StreamedAnswer<Reader: AnswerReader>: ProviderDecoder {
  private enum Phase {
    /// → ended, closed
    case open(answered: Bool)
    /// The finish reason has come; usage may follow. → closed
    case ended(FinishReason)
    /// The sink has its finish, or the decoder has thrown.
    case closed
  }

  private var framing = Reader.Framing()
  private var reader = Reader()
  private var phase = Phase.open(answered: false)
  private(set) var sawFinish = false

  /// Whether all that the last `feed` completed said nothing of the answer: a provider's own keep-alives, say.
  private var sawAsideOnly = false

  var sawData: Bool { framing.sawData && !sawAsideOnly }

  mutating func feed<Sink: ProviderEventSink>(
    _ bytes: UnsafeRawBufferPointer, to sink: inout Sink
  ) throws(ProviderError) {
    framing.sawData = false
    var (units, asides) = (0, 0)
    defer { sawAsideOnly = units > 0 && units == asides }
    do {
      var input = bytes
      while !isClosed, let unit = try framing.next(in: &input) {
        let step = try reader.read(unit, to: &sink)
        units += 1
        if case .aside = step { asides += 1 }
        try take(step, to: &sink)
      }
    } catch {
      phase = .closed
      throw error
    }
  }

  mutating func finish<Sink: ProviderEventSink>(to sink: inout Sink) throws(ProviderError) {
    if isClosed { return }
    do {
      if let unit = try framing.finish() { try take(reader.read(unit, to: &sink), to: &sink) }
    } catch {
      if error.code != .malformed {
        phase = .closed
        throw error
      }
      // Half a unit: the stream was cut there, which is judged below.
    }
    defer { phase = .closed }
    switch phase {
    case .open: throw ProviderError(.truncated, cause: "the stream ended before the answer did")
    case .ended(let reason): sink.finish(reason)
    case .closed: break
    }
  }

  private var isClosed: Bool { if case .closed = phase { true } else { false } }

  private mutating func take(_ step: AnswerStep, to sink: inout some ProviderEventSink) throws(ProviderError) {
    switch (step, phase) {
    case (_, .closed), (.aside, _): break
    case (.answered, .open): phase = .open(answered: true)
    case (.ended(let reason), .open):
      phase = .ended(reason)
      sawFinish = true
    case (.answered, .ended), (.ended, .ended): break
    case (.whole(let reason), .open(let answered)):
      // The provider's word that the answer is whole counts also where it gives no reason.
      guard let reason = reason ?? (answered ? .stop : nil) else {
        throw ProviderError(.truncated, cause: "an end mark without an answer")
      }
      close(reason, to: &sink)
    case (.whole(let last), .ended(let first)): close(last ?? first, to: &sink)
    }
  }

  private mutating func close(_ reason: FinishReason, to sink: inout some ProviderEventSink) {
    phase = .closed
    sawFinish = true
    sink.finish(reason)
  }
}
