import EventLoop

/// Which limit a transfer is under, and until when. Pure: time is an argument.
struct TransferClock {
  /// `connecting` → `awaiting` → `receiving` ⇄ `paused`. A request that libcurl repeats on a fresh connection, because a
  /// kept one turned out dead, is back at `connecting` for libcurl but stays `awaiting` here.
  enum Phase { case connecting, awaiting, receiving, paused }

  private(set) var phase = Phase.connecting
  private let limits: UpstreamRequest.Limits
  private var since: Instant

  init(_ limits: UpstreamRequest.Limits, start: Instant) {
    self.limits = limits
    since = start
  }

  /// Whether the status line has come.
  var isAnswered: Bool { phase == .receiving || phase == .paused }

  /// A new phase begins.
  mutating func enter(_ phase: Phase, at now: Instant) {
    self.phase = phase
    since = now
  }

  /// Data came.
  mutating func touch(at now: Instant) { since = now }

  /// When the present phase is overdue; `distantFuture` while paused.
  var deadline: Instant {
    switch phase {
    case .connecting: since.advanced(milliseconds: limits.connect)
    case .awaiting: since.advanced(milliseconds: limits.firstByte)
    case .receiving: since.advanced(milliseconds: limits.idle)
    case .paused: .distantFuture
    }
  }

  /// What to fail with at `now`; nil while in time.
  func overdue(at now: Instant) -> TransferError.Code? {
    guard deadline <= now else { return nil }
    return switch phase {
    case .connecting: .connectTimeout
    case .awaiting: .firstByteTimeout
    case .receiving, .paused: .idleTimeout
    }
  }
}
