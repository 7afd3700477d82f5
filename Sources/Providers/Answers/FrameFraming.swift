import Wire

/// Messages of an Amazon event stream.
struct FrameFraming: AnswerFraming {
  private var messages = EventStreamDecoder()

  var sawData = false

  mutating func next(in input: inout UnsafeRawBufferPointer) throws(ProviderError) -> EventStreamMessage? {
    if !input.isEmpty { sawData = true }
    do { return try messages.next(in: &input) } catch {
      throw ProviderError(.malformed, cause: "an event stream: \(error.rawValue)")
    }
  }

  mutating func finish() throws(ProviderError) -> EventStreamMessage? { nil }
}
