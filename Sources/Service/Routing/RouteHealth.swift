import EventLoop

/// How a route has served this node lately. Pure: the clock and the dice come in.
///
/// A route that fails again and again is left out ("open") for a while, each time longer; then one turn tries it, and a
/// success lets it serve again ("closed").
struct RouteHealth {
  enum State: String { case closed, open, probing }

  /// Consecutive failures that open it.
  static let patience = 5
  /// Milliseconds for which it is left out: at first, and at most.
  static let firstPause = 2_000
  static let longestPause = 60_000
  /// Of the newest latency in the mean.
  private static let newest = 0.2

  private(set) var state = State.closed
  /// Since the last success.
  private(set) var failures = 0
  /// Milliseconds to the first text, an exponential mean; nil before the first.
  private(set) var latency: Double?
  /// Code of the last failure.
  private(set) var lastError: String?
  /// Until then no turn goes there: it is open, or its provider asked to wait.
  private(set) var retryAt: Instant?
  private var openings = 0
  private var lastFailure: Instant?

  /// Whether a turn may go there now.
  func mayServe(at now: Instant) -> Bool {
    if let retryAt, now < retryAt { return false }
    return state != .probing
  }

  /// A turn goes there. True if it goes to an open route: then it is its probe, and until it has ended no other goes.
  mutating func began() -> Bool {
    guard state == .open else { return false }
    state = .probing
    return true
  }

  /// Text has come. `milliseconds`: from the request, which was sent at `began`, to it. One that was sent before the
  /// last failure says nothing against that.
  mutating func succeeded(after milliseconds: Int, began: Instant, isProbe: Bool) {
    let value = Double(max(1, milliseconds))
    latency = latency.map { $0 + Self.newest * (value - $0) } ?? value
    if let lastFailure, began < lastFailure, !isProbe { return }
    state = .closed
    failures = 0
    openings = 0
    retryAt = nil
  }

  /// The provider failed. `retryAfter`: milliseconds for which it wants to be left alone. `jitter`: 0 to 1.
  mutating func failed(_ code: String, retryAfter: Int?, isProbe: Bool, at now: Instant, jitter: Double) {
    failures += 1
    lastError = code
    lastFailure = now
    var pause = retryAfter.map { min($0, Self.longestPause) } ?? 0
    // Those that began before it was open and fail after tell nothing new.
    if isProbe || state == .closed && failures >= Self.patience {
      state = .open
      let length = min(Self.firstPause << min(openings, 10), Self.longestPause)
      openings += 1
      pause = max(pause, length * 3 / 4 + Int(Double(length / 2) * jitter))
    }
    guard pause > 0 else { return }
    let time = now.advanced(milliseconds: pause)
    retryAt = retryAt.map { max($0, time) } ?? time
  }

  /// The probe ended without telling anything of it: cancelled, or refused for what the user said.
  mutating func probeEnded() { if state == .probing { state = .open } }
}
