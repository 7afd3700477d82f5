import Synchronization

/// A value that other threads change and a test waits for.
final class Watched<Value: Sendable>: Sendable {
  private struct Waiter: Sendable {
    let condition: @Sendable (Value) -> Bool
    let continuation: CheckedContinuation<Value, any Error>
  }
  private struct State: Sendable {
    var value: Value
    var waiters: [Int: Waiter] = [:]
    var nextWaiter = 0
  }
  private let state: Mutex<State>

  init(_ value: Value) { state = Mutex(State(value: value)) }

  var value: Value { state.withLock { $0.value } }

  func update(_ change: (inout Value) -> Void) {
    let ready = state.withLock { state in
      change(&state.value)
      let value = state.value
      let ready = state.waiters.filter { $0.value.condition(value) }
      for id in ready.keys { state.waiters[id] = nil }
      return ready.values.map { ($0.continuation, value) }
    }
    for (continuation, value) in ready { continuation.resume(returning: value) }
  }

  /// The value as soon as `condition` holds. Throws when the test is cancelled by its time limit.
  @discardableResult
  func wait(until condition: @escaping @Sendable (Value) -> Bool) async throws -> Value {
    let id = state.withLock { state in
      state.nextWaiter += 1
      return state.nextWaiter
    }
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        let now: Result<Value, any Error>? = state.withLock { state in
          if Task.isCancelled { return .failure(CancellationError()) }
          if condition(state.value) { return .success(state.value) }
          state.waiters[id] = Waiter(condition: condition, continuation: continuation)
          return nil
        }
        if let now { continuation.resume(with: now) }
      }
    } onCancel: {
      state.withLock { $0.waiters.removeValue(forKey: id) }?.continuation.resume(throwing: CancellationError())
    }
  }
}
