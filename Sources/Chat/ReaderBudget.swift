/// A token bucket per reader of a turn: four times the pace, burst 10. Pure; time in milliseconds is an argument.
package struct ReaderBudget: Sendable {
  /// Readers told apart per turn; a further one shares the bucket that was idle longest.
  package static let limit = 8
  package static let burst = 10.0

  private struct Bucket {
    var reader: String
    var tokens: Double
    var touched: Int
  }
  private var buckets: [Bucket] = []

  package init() {}

  /// Takes one poll from the bucket of `reader`. Nil: go on; else milliseconds until the next poll is allowed.
  package mutating func take(reader: String, pace: Int, now: Int) -> Int? {
    let perMillisecond = 4.0 / Double(max(pace, 20))
    let index = place(of: reader, now: now)
    let idle = Double(max(0, now - buckets[index].touched))
    buckets[index].tokens = min(Self.burst, buckets[index].tokens + idle * perMillisecond)
    buckets[index].touched = now
    // Sums of fractions fall short of 1 by rounding: a reader that waited as it was told must not be refused for that.
    guard buckets[index].tokens > 1 - 1e-9 else {
      return max(1, Int(((1 - buckets[index].tokens) / perMillisecond).rounded(.up)))
    }
    buckets[index].tokens -= 1
    return nil
  }

  private mutating func place(of reader: String, now: Int) -> Int {
    if let index = buckets.firstIndex(where: { $0.reader == reader }) { return index }
    if buckets.count < Self.limit {
      buckets.append(Bucket(reader: reader, tokens: Self.burst, touched: now))
      return buckets.count - 1
    }
    let oldest = buckets.indices.min { buckets[$0].touched < buckets[$1].touched } ?? 0
    buckets[oldest].reader = reader
    return oldest
  }
}
