import Synchronization

/// Looks once a second how late a loop serves its timers and how busy it is, by a timer of its own on that loop.
package final class LoopMeter: TimerHandler, Sendable {
  package let loop: EventLoop
  private let state: Mutex<(punctuality: Punctuality, timer: TimerID?)>

  package init(loop: EventLoop) {
    self.loop = loop
    state = Mutex((Punctuality(at: .now(), busyTime: loop.busyTime), nil))
  }

  /// From any thread. It must live until it is stopped, or its loop is.
  package func start() {
    loop.submit { [self] in
      state.withLock { $0.punctuality = Punctuality(at: .now(), busyTime: loop.busyTime) }
      arm()
    }
  }

  /// From any thread.
  package func stop() {
    loop.submit { [self] in
      if let timer = state.withLock({ $0.timer }) { loop.cancel(timer) }
    }
  }

  /// From any thread, and true of a loop that stands still as well.
  package func reading(at now: Instant = .now()) -> Punctuality.Reading {
    state.withLock { $0.punctuality.reading(at: now) }
  }

  package func timerFired(_ token: Int) {
    state.withLock { $0.punctuality.fired(at: .now(), busyTime: loop.busyTime) }
    arm()
  }

  private func arm() {
    let due = state.withLock { $0.punctuality.due }
    let timer = loop.schedule(at: due, handler: self)
    state.withLock { $0.timer = timer }
  }
}
