/// A token bucket per reader of a turn: four times the pace, burst 10; and how long the reader takes from a reply to its
/// next request. Pure; time in milliseconds is an argument.
package struct ReaderBudget: Sendable {
  /// Readers told apart per turn; a further one shares the bucket that was idle longest.
  package static let limit = 8
  package static let burst = 10.0

  private struct Bucket {
    var reader: String
    var tokens: Double
    var touched: Int
    /// When it was told to come again; nil once it has.
    var due: Int?
    /// Milliseconds that it takes beyond that, smoothed.
    var own = 0.0
  }
  private var buckets: [Bucket] = []

  package init() {}

  /// Takes one poll from the bucket of `reader`. Nil: go on; else milliseconds until the next poll is allowed.
  package mutating func take(reader: String, pace: Int, now: Int) -> Int? {
    take(at: arrives(reader, pace: pace, now: now), pace: pace, now: now)
  }

  /// `reader` asks. What it took by itself counts up to the pace: who slept is back in rhythm soon. Returns its
  /// bucket, for what follows at once.
  package mutating func arrives(_ reader: String, pace: Int, now: Int) -> UInt8 {
    let index = bucket(of: reader, now: now)
    if let due = buckets[index].due {
      buckets[index].due = nil
      let taken = Double(min(max(0, now - due), max(0, pace)))
      buckets[index].own = buckets[index].own * 0.8 + taken * 0.2
    }
    return UInt8(index)
  }

  /// Milliseconds that the reader of this bucket takes by itself; 0 as long as nothing is known of it.
  package func own(at bucket: UInt8) -> Int { bucket < buckets.count ? Int(buckets[Int(bucket)].own) : 0 }

  /// The reader of this bucket is told to come again at `due`.
  package mutating func told(at bucket: UInt8, due: Int) {
    if bucket < buckets.count { buckets[Int(bucket)].due = due }
  }

  /// As `take(reader:)`, for a reader that has arrived.
  package mutating func take(at bucket: UInt8, pace: Int, now: Int) -> Int? {
    let index = Int(bucket)
    let perMillisecond = 4.0 / Double(max(pace, 20))
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

  private mutating func bucket(of reader: String, now: Int) -> Int {
    if let index = buckets.firstIndex(where: { $0.reader == reader }) { return index }
    if buckets.count < Self.limit {
      buckets.append(Bucket(reader: reader, tokens: Self.burst, touched: now))
      return buckets.count - 1
    }
    let oldest = buckets.indices.min { buckets[$0].touched < buckets[$1].touched } ?? 0
    buckets[oldest].reader = reader
    (buckets[oldest].due, buckets[oldest].own) = (nil, 0)
    return oldest
  }
}
