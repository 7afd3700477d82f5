import Chat
import EventLoop
import FrontDoor
import Store
import Upstream

/// A running node as its operator looks at it: the parts that know something, and what was counted. It keeps nothing
/// itself; everything is read when somebody asks.
struct Telemetry: Sendable {
  /// As the node was started with: only what no reload changes is to be read here.
  let settings: ServiceSettings
  let started: Instant
  let meters: Meters
  let loops: [LoopMeter]
  let load: NodeLoad
  let node: Node
  let registry: Registry
  let tail: TailReader
  let flusher: Flusher
  let finisher: Finisher
  let door: FrontDoor
  let upstream: UpstreamPool
  /// In the order of `DatabasePool`.
  let databases: [Database]
  let isDraining: @Sendable () -> Bool
  /// Those of tokens, as the last reload left them.
  let keys: @Sendable () -> KeyRing
  let memory: AccessMemory

  /// Why this node takes no turns; nil if it does.
  var hindrance: String? {
    if isDraining() { return "draining" }
    if databases[DatabasePool.common.rawValue].isHealthy == false { return "no database" }
    return node.holdsLease ? nil : "no lease"
  }

  /// Milliseconds since the oldest live turn was started; 0 if there is none.
  var oldestTurnAge: Int {
    let now = Instant.wall().nanoseconds / 1_000_000
    let oldest = registry.owned.map(\.facts.id.unixMilliseconds).min() ?? now
    return Int(now - min(oldest, now))
  }

  /// How often each bound kept something from growing: those that are counted here, and those that their parts count.
  var boundHits: [(label: String, value: UInt64)] {
    let full = meters.databases.reduce(0) { $0 + $1.failures.value(.queueFull) }
    return meters.bounds.values + [
      ("connections", UInt64(door.gauges().pauses)), ("upstream_transfers", UInt64(upstream.gauges().refused)),
      ("database_queue", full),
    ]
  }

  /// Requests that were answered by an error, by its code: by the routes, and by the front door itself.
  var refusals: [(label: String, value: UInt64)] {
    let door = door.gauges().refusals
    func answered(_ reason: FrontDoor.Gauges.Reason) -> UInt64 { UInt64(door[reason] ?? 0) }
    return meters.refusals.values + [
      ("bad_request", answered(.badRequest)), ("body_too_large", answered(.body)),
      ("headers_too_large", answered(.params)),
    ]
  }

  /// Gauges of each pool of connections.
  var databaseGauges: [(pool: DatabasePool, gauges: Database.Gauges)] {
    zip(DatabasePool.allCases, databases).map { ($0, $1.gauges) }
  }
}
