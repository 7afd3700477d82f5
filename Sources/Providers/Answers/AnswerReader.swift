import Chat
import Wire

/// What a driver knows of its provider's answers. `StreamedAnswer` and `WholeAnswer` do the rest.
protocol AnswerReader: Sendable {
  associatedtype Framing: AnswerFraming

  init()

  /// Hands what one unit of a stream says to the sink, and tells how far the answer has come. Throws the error that a
  /// unit reports in its place.
  mutating func read(
    _ unit: Framing.Unit, to sink: inout some ProviderEventSink
  ) throws(ProviderError) -> AnswerStep

  /// Hands a whole answer to the sink, all but its finish, and returns that.
  static func read(whole answer: JSONElement, to sink: inout some ProviderEventSink) throws(ProviderError)
    -> FinishReason
}

extension AnswerReader {
  static func decoder(streaming: Bool) -> any ProviderDecoder {
    streaming ? StreamedAnswer<Self>() : WholeAnswer<Self>()
  }
}

/// Cuts a body into what a provider sends at a time: an event, a line, a frame.
protocol AnswerFraming: Sendable {
  associatedtype Unit

  init()

  /// Whether `next` has read anything but comments and white space since this was last set to false.
  var sawData: Bool { get set }

  /// The next whole unit in `input`, which then begins behind it; nil when `input` is used up and its rest kept. Throws
  /// `upstream_malformed` for what cannot be read any further.
  mutating func next(in input: inout UnsafeRawBufferPointer) throws(ProviderError) -> Unit?

  /// At the body's end: the unit that lacks nothing but the mark of its end. Half a unit is none.
  mutating func finish() throws(ProviderError) -> Unit?
}

/// How far a unit has brought an answer.
enum AnswerStep {
  /// It says nothing of the answer: a keep-alive, usage, what nobody has defined.
  case aside
  /// Part of the answer.
  case answered
  /// The model has ended for this reason; the provider's own end mark, or the end of the body, is still to come. The
  /// first reason counts.
  case ended(FinishReason)
  /// The provider's end mark: nothing follows. Nil: for the reason given before.
  case whole(FinishReason?)
}
