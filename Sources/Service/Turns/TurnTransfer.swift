import Synchronization
import Upstream

/// The transfer that feeds a turn, now of this attempt, now of that. What is asked of it may come before it is attached.
final class TurnTransfer: Sendable {
  private struct State {
    var transfer: Transfer?
    /// Whose transfer it is, counted from 1.
    var attempt = 0
    /// Nothing is wanted any more of this attempt and those before.
    var dropped = 0
    /// What was asked before it was attached.
    var closeRequested = false
    var resumeRequested = false
  }

  private let state = Mutex(State())

  /// It has begun. A later attempt may have begun before this call.
  func attach(_ transfer: Transfer, attempt: Int) {
    let (closed, resumed) = state.withLock { state in
      if attempt <= state.dropped { return (true, false) }
      guard attempt > state.attempt else { return (state.closeRequested, false) }
      state.attempt = attempt
      state.transfer = transfer
      return (state.closeRequested, state.resumeRequested)
    }
    if closed { transfer.cancel() } else if resumed { transfer.resume() }
  }

  func resume() {
    state.withLock { state in
      state.resumeRequested = true
      return state.transfer
    }?.resume()
  }

  /// Nothing is wanted of the upstream any more, whatever it still holds open.
  func close() {
    state.withLock { state in
      state.closeRequested = true
      return state.transfer
    }?.cancel()
  }

  /// That attempt's has finished: nothing holds it any more. `attach` may come later.
  func detach(attempt: Int) {
    state.withLock { state in
      guard attempt >= state.attempt else { return }
      state.attempt = attempt
      state.transfer = nil
    }
  }

  /// Nothing is wanted any more of that attempt's, which may not have been attached yet; another may come.
  func drop(attempt: Int) {
    state.withLock { state in
      state.dropped = attempt
      guard state.attempt == attempt else { return nil as Transfer? }
      defer { state.transfer = nil }
      return state.transfer
    }?.cancel()
  }
}
