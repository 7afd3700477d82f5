import Wire

/// JSON texts, one a line.
struct LineFraming: AnswerFraming {
  private var lines = JSONLinesDecoder()

  var sawData: Bool {
    get { lines.sawData }
    set { lines.sawData = newValue }
  }

  mutating func next(in input: inout UnsafeRawBufferPointer) throws(ProviderError) -> StreamBytes? {
    do { return try lines.next(in: &input) } catch {
      throw ProviderError(.malformed, cause: "a line longer than \(JSONLinesDecoder.defaultLimit) bytes")
    }
  }

  mutating func finish() -> StreamBytes? { lines.finish() }
}
