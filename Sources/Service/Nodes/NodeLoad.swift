import EventLoop
import Synchronization

/// How busy this node is, for the Pacer: 1 is all it should bear, more stretches the pace.
///
/// It climbs while the busiest loop works more than 80 % of the time and falls back when it does not, so that the pace
/// settles where the node can keep it. One long second changes little.
final class NodeLoad: Sendable {
  private static let bearable = 0.8
  private static let highest = 4.0

  private let state = Mutex(0.0)

  var value: Double { state.withLock { $0 } }

  /// Called once a second with the meters of all loops.
  func measure(_ meters: [LoopMeter]) {
    let busiest = meters.map { $0.reading().busy }.max() ?? 0
    state.withLock { $0 = Self.next($0, busy: busiest) }
  }

  /// The load after a second in which the busiest loop worked for `busy` of the time.
  static func next(_ value: Double, busy: Double) -> Double {
    let present = busy / bearable
    guard present > 1 else { return max(present, value * 0.8) }
    return min(highest, max(1, value) * 1.25)
  }
}
