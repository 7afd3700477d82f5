import Wire

/// Server-sent events.
struct EventFraming: AnswerFraming {
  private var events = SSEDecoder()

  var sawData: Bool {
    get { events.sawData }
    set { events.sawData = newValue }
  }

  mutating func next(in input: inout UnsafeRawBufferPointer) throws(ProviderError) -> SSEEvent? {
    do { return try events.next(in: &input) } catch { throw Self.tooLong }
  }

  mutating func finish() throws(ProviderError) -> SSEEvent? {
    do { return try events.finish() } catch { throw Self.tooLong }
  }

  private static var tooLong: ProviderError {
    ProviderError(.malformed, cause: "an event longer than \(SSEDecoder.defaultLimit) bytes")
  }
}
