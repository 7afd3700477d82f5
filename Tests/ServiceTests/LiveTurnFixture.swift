import Chat
import EventLoop
import Logging
import Store

@testable import Service

extension LiveTurn {
  /// A mirror among neighbours that never reach a database.
  static func mirror(loop: EventLoop) throws -> LiveTurn {
    try make(.mirrored(TurnMirror(epoch: 1)), loop: loop, meters: Meters(lanes: Lanes(loops: [loop])))
  }

  /// An own turn among such neighbours; `arrived`: when its start came in.
  static func owned(
    loop: EventLoop, meters: Meters, arrived: Instant, chunking: Chunking = .immediate
  ) throws -> LiveTurn {
    try make(
      .owned(Turn(durability: .commit, chunking: chunking)), loop: loop, meters: meters, arrived: arrived)
  }

  private static func make(
    _ source: Source, loop: EventLoop, meters: Meters, arrived: Instant? = nil
  ) throws -> LiveTurn {
    let database = try Database(loops: [loop], conninfo: "host=/nonexistent", settings: DatabaseSettings())
    let log = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    let failures = DatabaseLog(.common, log)
    let node = Node(tag: 1, host: "test", version: "0", store: NodeStore(database), log: log, failures: failures)
    let facts = Facts(
      id: ID(high: 1, low: 1), conversation: ID(high: 1, low: 2), identity: ID(high: 1, low: 3),
      surface: ID(high: 1, low: 4), userMessage: ID.fresh(), message: ID(high: 1, low: 5), pacer: Pacer(base: 250),
      doorway: Doorway(.poll), arrived: arrived)
    return LiveTurn(
      facts, source: source,
      neighbours: Neighbours(
        flusher: Flusher(
          loop: loop, store: FlushStore(database),
          finisher: Finisher(
            loop: loop, store: FlushStore(database), node: node, log: log, failures: failures, meters: meters),
          node: node,
          log: log, failures: failures,
          meters: meters),
        registry: Registry(limit: 10), node: node, load: NodeLoad(), meters: meters,
        reservations: Reservations(
          loop: loop, store: UsageStore(database), node: node, log: log, failures: failures, meters: meters),
        hourglasses: [Hourglass(loop: loop)]))
  }
}
