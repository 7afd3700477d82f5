/// Pauses between attempts: doubling from the shortest to the longest, each drawn from its upper half so that nodes spread.
struct Backoff {
  private let range: ClosedRange<Int>
  private var ceiling: Int

  /// Milliseconds.
  init(_ range: ClosedRange<Int>) {
    self.range = range
    ceiling = range.lowerBound
  }

  /// The next pause in milliseconds.
  mutating func next(using random: inout some RandomNumberGenerator) -> Int {
    defer { ceiling = min(ceiling * 2, range.upperBound) }
    return Int.random(in: ceiling / 2...ceiling, using: &random)
  }

  /// After a success.
  mutating func reset() { ceiling = range.lowerBound }
}
