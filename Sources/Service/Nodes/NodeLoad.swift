import EventLoop
import Synchronization

/// How busy this node is, for the Pacer: 1 is all it should bear, more stretches the pace.
///
/// It climbs while a loop or the process works more than 80 % of the time, or a loop is late, and falls back when they
/// are not, so that the pace settles where the node can keep it. One long second changes little.
final class NodeLoad: Sendable {
  /// What a node bore in one second.
  struct Strain: Sendable, Equatable {
    /// Share of the time that the busiest loop worked.
    var busy = 0.0
    /// Nanoseconds that the latest loop was late.
    var lag: UInt64 = 0
    /// Share of the processors it may use that the process took.
    var processors = 0.0
  }

  private static let bearable = 0.8
  /// Nanoseconds: a poll that is answered so late is late for whoever reads along.
  private static let bearableLag: UInt64 = 100_000_000
  private static let highest = 4.0

  /// The bits of a Double: every poll reads it.
  private let bits = Atomic<UInt64>(0)
  private let processors = Mutex(ProcessorShare())

  var value: Double { Double(bitPattern: bits.load(ordering: .relaxed)) }

  /// Called once a second with the meters of all loops.
  func measure(_ meters: [LoopMeter]) {
    let readings = meters.map { $0.reading() }
    let strain = Strain(
      busy: readings.map(\.busy).max() ?? 0, lag: readings.map(\.lag).max() ?? 0,
      processors: processors.withLock { $0.look() })
    bits.store(Self.next(value, strain).bitPattern, ordering: .relaxed)
  }

  /// The load after a second of that strain.
  static func next(_ value: Double, _ strain: Strain) -> Double {
    let work = max(strain.busy, strain.processors) / bearable
    let present = max(work, Double(strain.lag) / Double(bearableLag))
    guard present > 1 else { return max(present, value * 0.8) }
    return min(highest, max(1, value) * 1.25)
  }
}
