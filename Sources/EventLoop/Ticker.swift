/// Calls an action on a loop again and again: `interval` milliseconds from the end of one call to the next.
// Sendable is unchecked because all mutable state is confined to the loop.
package final class Ticker: TimerHandler, @unchecked Sendable {
  private let loop: EventLoop
  private let interval: Int
  private let action: @Sendable () -> Void
  private var timer: TimerID?
  private var stopped = false

  /// The first call comes one interval after `start()`.
  package init(loop: EventLoop, everyMilliseconds interval: Int, action: @escaping @Sendable () -> Void) {
    self.loop = loop
    self.interval = interval
    self.action = action
  }

  /// From any thread. The loop keeps the ticker alive until `stop()`; once stopped it does not start again.
  package func start() {
    loop.submit { [self] in arm() }
  }

  /// From any thread. A call under way ends first.
  package func stop() {
    loop.submit { [self] in
      stopped = true
      if let timer { loop.cancel(timer) }
      timer = nil
      keepAlive = nil
    }
  }

  /// The heap does not retain handlers: the ticker holds itself while it runs.
  private var keepAlive: Ticker?

  private func arm() {
    guard !stopped, timer == nil else { return }
    keepAlive = self
    timer = loop.schedule(at: Instant.now().advanced(milliseconds: interval), handler: self)
  }

  package func timerFired(_ token: Int) {
    timer = nil
    action()
    arm()
  }
}
