import EventLoop

/// Which limits a transfer is under, and until when. Pure: time is an argument.
struct TransferClock {
  /// `queued` → `connecting` → `awaiting` → `answered` → `receiving` ⇄ `paused`; `answered` → `paused` if the first data
  /// are already too much. A request that libcurl repeats on a fresh connection, because a kept one turned out dead, is
  /// back at connecting for libcurl but stays `awaiting` here.
  enum Phase { case queued, connecting, awaiting, answered, receiving, paused }

  private(set) var phase = Phase.queued
  private let limits: UpstreamRequest.Limits
  private let queueTimeout: Int
  private let pausesAreIdle: Bool
  /// When the phase began, or the last data came.
  private var since: Instant
  /// `distantFuture` before they are known.
  private var end = Instant.distantFuture
  private var firstTokenDue = Instant.distantFuture

  /// `queueTimeout`: how long it may stay `queued`, in milliseconds; `pausesAreIdle`: a pause counts as silence.
  init(_ limits: UpstreamRequest.Limits, queueTimeout: Int, pausesAreIdle: Bool = false, start: Instant) {
    self.limits = limits
    self.queueTimeout = queueTimeout
    self.pausesAreIdle = pausesAreIdle
    since = start
  }

  /// Whether the status line has come.
  var isAnswered: Bool {
    switch phase {
    case .queued, .connecting, .awaiting: false
    case .answered, .receiving, .paused: true
    }
  }

  /// A new phase begins.
  mutating func enter(_ phase: Phase, at now: Instant) {
    switch phase {
    case .connecting: end = limits.total.map { now.advanced(milliseconds: $0) } ?? .distantFuture
    case .awaiting: firstTokenDue = now.advanced(milliseconds: limits.firstToken)
    case .queued, .answered, .receiving, .paused: break
    }
    self.phase = phase
    since = now
  }

  /// Data came. True if a new phase begins: then the deadline may be earlier than it was.
  mutating func touch(at now: Instant) -> Bool {
    since = now
    if phase == .receiving { return false }
    phase = .receiving
    return true
  }

  /// When the first limit is reached; `distantFuture` if there is none.
  var deadline: Instant { first.deadline }

  /// What to fail with at `now`; nil while in time.
  func overdue(at now: Instant) -> TransferError.Code? {
    let first = first
    return first.deadline <= now ? first.code : nil
  }

  private var first: (deadline: Instant, code: TransferError.Code) {
    let phase: (deadline: Instant, code: TransferError.Code) =
      switch phase {
      case .queued: (since.advanced(milliseconds: queueTimeout), .queueTimeout)
      case .connecting: (since.advanced(milliseconds: limits.connect), .connectTimeout)
      case .awaiting:
        limits.firstByte <= limits.firstToken
          ? (since.advanced(milliseconds: limits.firstByte), .firstByteTimeout) : (firstTokenDue, .firstTokenTimeout)
      case .answered: (firstTokenDue, .firstTokenTimeout)
      case .paused where !pausesAreIdle: (.distantFuture, .idleTimeout)
      case .receiving, .paused: (since.advanced(milliseconds: limits.idle), .idleTimeout)
      }
    return end < phase.deadline ? (end, .totalTimeout) : phase
  }
}
