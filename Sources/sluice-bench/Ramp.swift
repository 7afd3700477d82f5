import EventLoop

/// Begins one after the other, so many a second: what began together would do everything at the same moments.
///
/// *Loop only.*
final class Ramp: TimerHandler {
  private let loop: EventLoop
  private let count: Int
  private let rate: Int
  private let next: () -> Void
  private let done: () -> Void
  private var begun = 0
  private var begunAt = Instant.now()

  /// `next` is called `count` times, then `done`.
  init(loop: EventLoop, count: Int, rate: Int, next: @escaping () -> Void, done: @escaping () -> Void) {
    self.loop = loop
    self.count = count
    self.rate = rate
    self.next = next
    self.done = done
  }

  func begin() {
    begunAt = .now()
    timerFired(0)
  }

  func timerFired(_ token: Int) {
    let due = Instant.now().milliseconds(since: begunAt) * rate / 1_000 + 1
    while begun < min(due, count) {
      begun += 1
      next()
    }
    guard begun < count else { return done() }
    _ = loop.schedule(at: .now().advanced(milliseconds: 1), handler: self, token: 0)
  }
}
