import EventLoop
import Synchronization

/// How busy this node is, for the Pacer: 1 is all it should bear, more stretches the pace.
///
/// It climbs while the busiest loop works more than 80 % of the time and falls back when it does not, so that the pace
/// settles where the node can keep it. One long second changes little.
final class NodeLoad: Sendable {
  private static let bearable = 0.8
  private static let highest = 4.0

  private struct State {
    var value = 0.0
    var measured = Instant.now()
  }
  private let state = Mutex(State())

  var value: Double { state.withLock { $0.value } }

  /// Called once a second with the loops.
  func measure(_ loops: [EventLoop], at now: Instant = .now()) {
    let busiest = loops.map { $0.takeBusyTime() }.max() ?? 0
    state.withLock { state in
      let elapsed = max(1, now.nanoseconds - min(now.nanoseconds, state.measured.nanoseconds))
      state.measured = now
      state.value = Self.next(state.value, busy: Double(busiest) / Double(elapsed))
    }
  }

  /// The load after a second in which the busiest loop worked for `busy` of the time.
  static func next(_ value: Double, busy: Double) -> Double {
    let present = busy / bearable
    guard present > 1 else { return max(present, value * 0.8) }
    return min(highest, max(1, value) * 1.25)
  }
}
