/// The upper bounds of a histogram's buckets: `least`, and each following one twice the former. What is above the last
/// counts in `+Inf`.
struct Buckets: Sendable {
  let least: UInt64
  let count: Int
  /// By which bounds and sums are divided when they are shown.
  let unit: Double

  /// 0.1 ms to 105 s, kept in nanoseconds.
  static let durations = Buckets(least: 100_000, count: 21, unit: 1e9)
  /// 1 to 8,192.
  static let rows = Buckets(least: 1, count: 14, unit: 1)
  /// 256 bytes to 8 MiB.
  static let bytes = Buckets(least: 256, count: 16, unit: 1)

  /// The bucket of a value; `count` if it is above all bounds.
  func place(of value: UInt64) -> Int {
    let multiple = value == 0 ? 0 : (value - 1) / least
    return min(count, UInt64.bitWidth - multiple.leadingZeroBitCount)
  }

  /// The bounds in the unit that is shown.
  var bounds: [Double] { (0..<count).map { Double(least << UInt64($0)) / unit } }
}

/// Counts values in buckets. An observation costs two additions.
struct Histogram: Sendable {
  let buckets: Buckets
  /// The buckets, `+Inf`, and the sum of all values.
  private let cells: Cells

  init(_ lanes: Lanes, _ buckets: Buckets) {
    self.buckets = buckets
    cells = Cells(lanes: lanes, columns: buckets.count + 2)
  }

  /// `times`: how many observations of that one value.
  func observe(_ value: UInt64, times: Int = 1, in lane: Lane) {
    cells.add(UInt64(times), to: buckets.place(of: value), in: lane)
    cells.add(value &* UInt64(times), to: buckets.count + 1, in: lane)
  }

  struct Reading: Equatable {
    /// Observations at or below each bound, and last all of them.
    var cumulative: [UInt64]
    /// In the unit that is shown.
    var sum: Double
  }

  var reading: Reading {
    var total: UInt64 = 0
    let cumulative = (0...buckets.count).map { place in
      total &+= cells.sum(place)
      return total
    }
    return Reading(cumulative: cumulative, sum: Double(cells.sum(buckets.count + 1)) / buckets.unit)
  }
}
