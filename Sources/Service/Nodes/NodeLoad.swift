import EventLoop
import Synchronization

/// How busy this node is, for the Pacer: 0 idle, 1 all it should bear.
final class NodeLoad: Sendable {
  /// A turn of a loop as long as this is all a node should bear, in nanoseconds.
  private static let bearable = 20_000_000.0

  private let hundredths = Atomic<Int>(0)

  var value: Double { Double(hundredths.load(ordering: .relaxed)) / 100 }

  /// Called once a second with the loops: the longest turn of any of them since the last call.
  func measure(_ loops: [EventLoop]) {
    let longest = loops.map { $0.takeLongestTurn() }.max() ?? 0
    hundredths.store(Int(Double(longest) / Self.bearable * 100), ordering: .relaxed)
  }
}
