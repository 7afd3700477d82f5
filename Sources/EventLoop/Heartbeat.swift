import Synchronization

/// Asks every loop for a sign of life. A loop that hangs, or is far behind, does not answer; then nothing is heard.
package final class Heartbeat: Sendable {
  private struct State {
    var awaited = 0
    var action: (@Sendable () -> Void)?
  }

  private let loops: [EventLoop]
  private let state = Mutex(State())

  package init(loops: [EventLoop]) { self.loops = loops }

  /// Calls `action` once, on a loop, when each of the loops has answered. False, and nothing happens, while the former
  /// question is open: the loops' inboxes hold one of them at most.
  @discardableResult
  package func ask(_ action: @escaping @Sendable () -> Void) -> Bool {
    let isFree = state.withLock { state in
      guard state.awaited == 0 else { return false }
      state.awaited = loops.count
      state.action = action
      return true
    }
    guard isFree else { return false }
    for loop in loops { loop.submit { [self] in answer() } }
    return true
  }

  private func answer() {
    let action = state.withLock { state -> (@Sendable () -> Void)? in
      state.awaited -= 1
      return state.awaited == 0 ? state.action.take() : nil
    }
    action?()
  }
}
