/// Measurements of one kind.
struct Samples {
  private var values: [Double] = []

  mutating func add(_ value: Double) { values.append(value) }
  var count: Int { values.count }

  /// By nearest rank; 0 without any.
  func percentile(_ share: Double) -> Double {
    guard !values.isEmpty else { return 0 }
    let sorted = values.sorted()
    return sorted[min(sorted.count - 1, Int((Double(sorted.count) * share).rounded(.up)) - 1)]
  }

  var summary: [String: Double] {
    ["count": Double(count), "p50": percentile(0.5), "p99": percentile(0.99), "max": percentile(1)]
  }
}
