import Synchronization

/// So many are inside at once; others wait in their order, and when too many wait, a further one is turned away.
final class Turnstile: Sendable {
  /// Those that wait at most.
  static let queue = 256

  private struct State {
    var inside = 0
    var waiting: [CheckedContinuation<Void, Never>] = []
  }

  private let places: Int
  private let state = Mutex(State())

  init(places: Int) { self.places = places }

  /// Those that wait.
  var waiting: Int { state.withLock { $0.waiting.count } }

  /// Comes back inside, and `leave` must follow; or false at once.
  func enter() async -> Bool {
    enum Way { case inside, away, waits }
    var way = Way.inside
    await withCheckedContinuation { continuation in
      way = state.withLock { state in
        if state.inside < places {
          state.inside += 1
          return .inside
        }
        if state.waiting.count >= Self.queue { return .away }
        state.waiting.append(continuation)
        return .waits
      }
      if way != .waits { continuation.resume() }
    }
    return way != .away
  }

  /// The place is the next one's.
  func leave() {
    let next = state.withLock { state -> CheckedContinuation<Void, Never>? in
      if state.waiting.isEmpty {
        state.inside -= 1
        return nil
      }
      return state.waiting.removeFirst()
    }
    next?.resume()
  }
}
