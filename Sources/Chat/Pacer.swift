/// Paces readers: how long a poll is held, and when the next one may come. Pure.
package struct Pacer: Sendable, Equatable {
  /// The longest the server holds a poll.
  package static let longestHold = 20_000
  /// A hidden tab is asked to wait at least this long: its timers are throttled anyway.
  package static let hiddenPace = 2_000
  package static let longestPace = 60_000
  /// However busy the node, the pace grows no further than this many times.
  package static let longestStretch = 4.0

  /// The surface's least time between two replies to one reader, in milliseconds.
  package let base: Int

  /// `base` in 0…60,000 ms; outside, the nearest of them.
  package init(base: Int) { self.base = min(max(base, 0), Self.longestPace) }

  /// What one reader is and what the node bears.
  package struct Reader: Sendable, Equatable {
    package var hidden: Bool
    /// Events per second of this turn over its last moments; nil before the second event.
    package var rate: Double?
    /// How busy the node is: 0 idle, 1 all it should bear; more stretches the pace in proportion.
    package var load: Double
    /// Milliseconds that it takes by itself from a reply to its next request, beyond what it was told to wait.
    package var own: Int

    package init(hidden: Bool = false, rate: Double? = nil, load: Double = 0, own: Int = 0) {
      self.hidden = hidden
      self.rate = rate
      self.load = load
      self.own = own
    }
  }

  /// Milliseconds between two replies to this reader.
  package func pace(for reader: Reader) -> Int {
    let visible = reader.hidden ? max(base, Self.hiddenPace) : base
    // Bounded first: no load, not even infinity or NaN, leaves what an Int can hold.
    let stretch = min(min(max(1, reader.load), Self.longestStretch), Double(Self.longestPace))
    return min(Int(Double(visible) * stretch), Self.longestPace)
  }

  /// What `poll_after_ms` says while the turn streams: what is left of the pace, so that replies come at it. A stream
  /// slower than the pace needs no wait: the hold does it, and the text arrives sooner. Of a hidden tab the time of its
  /// own is the browser's whim; under overload it is our own queue, and to make up for that would feed it.
  package func pollAfter(for reader: Reader) -> Int {
    let pace = pace(for: reader)
    if let rate = reader.rate, !reader.hidden, rate * Double(pace) < 1_000 { return 0 }
    return reader.hidden || reader.load > 1 ? pace : max(0, pace - max(0, reader.own))
  }

  /// How long a poll that asked for `wait` milliseconds is held.
  package func hold(_ wait: Int) -> Int { min(max(wait, 0), Self.longestHold) }
}
