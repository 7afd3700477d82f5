import EventLoop

/// How fast a turn publishes, smoothed over its last moments.
struct Rhythm {
  private var last: Instant?
  private var gap: Double?

  /// Publications per second; nil before the second one.
  var rate: Double? { gap.map { 1_000 / max($0, 1) } }

  mutating func beat(at now: Instant) {
    if let last {
      let new = Double(now.nanoseconds - min(last.nanoseconds, now.nanoseconds)) / 1_000_000
      gap = gap.map { $0 * 0.8 + new * 0.2 } ?? new
    }
    last = now
  }
}
