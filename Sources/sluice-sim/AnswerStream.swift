/// The events of one streamed answer in one provider's format, in the order they are asked for.
protocol AnswerStream: Sendable {
  /// What stands before all else; most formats have nothing.
  mutating func preface() -> [Event]

  /// Says who speaks.
  mutating func start() -> [Event]

  /// What stands before the pieces of `part`.
  mutating func open(_ part: Part) -> [Event]

  /// What stands around the next piece of `part`; nil if the format sends the part whole, when it closes.
  mutating func delta(of part: Part) -> Delta?

  /// What stands behind the pieces of `part`.
  mutating func close(_ part: Part) -> [Event]

  /// How the answer ended and what it used, without the last that ends a stream.
  mutating func finish() -> [Event]

  /// The end of a stream; empty if a format has no mark for it.
  mutating func done() -> [Event]

  /// An error in the stream, under status 200.
  /// - Parameter other: the other way the provider has, if it has two.
  mutating func fail(_ refusal: Refusal, other: Bool) -> [Event]

  /// An event that is no JSON.
  var garbage: Event { get }

  /// An event that says nothing, sent to keep a stream alive; nil where a comment does that.
  var ping: Event? { get }
}

extension AnswerStream {
  mutating func preface() -> [Event] { [] }
  mutating func open(_ part: Part) -> [Event] { [] }
  mutating func close(_ part: Part) -> [Event] { [] }
  mutating func done() -> [Event] { [] }
  var ping: Event? { nil }
}
