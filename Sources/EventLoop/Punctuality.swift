/// How late a loop's timer was each time, and how busy the loop in between. Pure.
package struct Punctuality: Sendable {
  /// Nanoseconds between two looks.
  package static let period: UInt64 = 1_000_000_000
  /// The longest lag is that of this many periods, the present one among them.
  package static let memory = 60

  package struct Reading: Sendable, Equatable {
    /// Nanoseconds by which the last timer was late; of a loop that stands still, how late the next one is already.
    package var lag: UInt64 = 0
    /// The longest of the last minute.
    package var longestLag: UInt64 = 0
    /// Share of the last period that the loop was at work, 0 to 1.
    package var busy = 0.0
  }

  /// When the next timer is due.
  private(set) package var due: Instant
  private var began: Instant
  private var busyTime: UInt64
  private var last = Reading()
  /// The last lags, the newest at `next - 1`.
  private var lags: [UInt64] = []
  private var next = 0

  /// `busyTime`: how long the loop was at work since its start, in nanoseconds; so also below.
  package init(at now: Instant, busyTime: UInt64) {
    began = now
    due = Instant(nanoseconds: now.nanoseconds + Self.period)
    self.busyTime = busyTime
  }

  /// The timer that was due has fired.
  package mutating func fired(at now: Instant, busyTime: UInt64) {
    last.lag = now.nanoseconds - min(due.nanoseconds, now.nanoseconds)
    let elapsed = max(1, now.nanoseconds - min(began.nanoseconds, now.nanoseconds))
    last.busy = min(1, Double(busyTime - min(self.busyTime, busyTime)) / Double(elapsed))
    if lags.count < Self.memory { lags.append(last.lag) } else { lags[next] = last.lag }
    next = (next + 1) % Self.memory
    last.longestLag = lags.max() ?? 0
    began = now
    due = Instant(nanoseconds: now.nanoseconds + Self.period)
    self.busyTime = busyTime
  }

  /// As it stands. A loop that lets a timer wait longer than a period does nothing else than what holds it up.
  package func reading(at now: Instant) -> Reading {
    let overdue = now.nanoseconds - min(due.nanoseconds, now.nanoseconds)
    return Reading(
      lag: max(last.lag, overdue), longestLag: max(last.longestLag, overdue),
      busy: overdue > Self.period ? 1 : last.busy)
  }
}
