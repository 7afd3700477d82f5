import Wire

/// Server-sent events, behind which bare JSON may come: the API reports an error that way when it gives up within a
/// stream, and answers as an array where `alt=sse` got lost on the way.
struct GeminiFraming: AnswerFraming {
  /// The last one may hold both.
  struct Unit {
    var event: StreamBytes?
    var tail: [UInt8] = []
  }

  private var events = SSEDecoder(gathersTail: true)

  var sawData: Bool {
    get { events.sawData }
    set { events.sawData = newValue }
  }

  mutating func next(in input: inout UnsafeRawBufferPointer) throws(ProviderError) -> Unit? {
    do { return try events.next(in: &input).map { Unit(event: $0.data) } } catch { throw Self.tooLong }
  }

  mutating func finish() throws(ProviderError) -> Unit? {
    do {
      let event = try events.finish()
      return event == nil && events.tail.isEmpty ? nil : Unit(event: event?.data, tail: events.tail)
    } catch {
      throw Self.tooLong
    }
  }

  private static var tooLong: ProviderError {
    ProviderError(.malformed, cause: "an event longer than \(SSEDecoder.defaultLimit) bytes")
  }
}
