import Chat
import EventLoop
import FrontDoor
import Store
import Upstream
import Wire

/// What `/status` shows: a node at a glance. No secrets, no content.
struct StatusPage {
  private let tables: [StatusTable]

  /// `nodes`: all nodes as PostgreSQL sees them; nil if it did not say so in time.
  init(_ telemetry: Telemetry, nodes: [NodeStore.Listed]?) {
    tables = [
      Self.node(telemetry), Self.turns(telemetry), Self.door(telemetry),
      StatusTable("loops", list: telemetry.loops.map(Self.loop)), Self.flusher(telemetry), Self.upstream(telemetry),
      StatusTable("database", list: telemetry.databaseGauges.map(Self.database)),
      StatusTable("nodes", list: nodes?.map { Self.node($0, is: telemetry.node) }),
      StatusTable("listeners", list: Self.listeners(telemetry)), Self.keys(telemetry.keys()),
      Self.access(telemetry.memory.gauges()),
      Self.settings(telemetry),
    ]
  }

  var text: [UInt8] {
    let parts = tables.map(\.lines).filter { !$0.isEmpty }.map { $0.joined(separator: "\n") }
    return Array((parts.joined(separator: "\n\n") + "\n").utf8)
  }

  var json: [UInt8] {
    var writer = JSONWriter(capacity: 4_096)
    writer.beginObject()
    for table in tables { table.write(to: &writer) }
    writer.endObject()
    return writer.bytes
  }

  // MARK: the parts

  private static func node(_ telemetry: Telemetry) -> StatusTable {
    let uptime = Instant.boot().milliseconds(since: telemetry.started)
    return StatusTable(
      "node",
      [
        ("version", .text(telemetry.settings.version)), ("tag", .count(Int(telemetry.node.tag))),
        ("incarnation", .text(telemetry.node.incarnation.description)),
        ("state", .text(telemetry.hindrance ?? "ready")), ("draining", .flag(telemetry.isDraining())),
        ("uptime", .seconds(Double(uptime) / 1e3)), ("lease", .seconds(Double(telemetry.node.leaseRemaining) / 1e3)),
      ])
  }

  private static func turns(_ telemetry: Telemetry) -> StatusTable {
    StatusTable(
      "turns",
      [
        ("live", .count(telemetry.registry.liveCount)), ("limit", .count(telemetry.registry.capacity)),
        ("mirrored", .count(telemetry.tail.watchedCount)),
        ("oldest_age", .seconds(Double(telemetry.oldestTurnAge) / 1e3)),
      ])
  }

  private static func door(_ telemetry: Telemetry) -> StatusTable {
    let gauges = telemetry.door.gauges()
    return StatusTable(
      "front_door",
      [
        ("connections", .count(gauges.connections)), ("parked", .count(gauges.parked)),
        ("requests", .count(gauges.requests)), ("load", .share(telemetry.load.value)),
      ])
  }

  private static func loop(_ meter: LoopMeter) -> StatusTable.Row {
    let reading = meter.reading()
    return [
      ("loop", .text(meter.loop.name)), ("busy", .share(reading.busy)),
      ("lag", .seconds(Double(reading.lag) / 1e9)), ("lag_max", .seconds(Double(reading.longestLag) / 1e9)),
    ]
  }

  private static func flusher(_ telemetry: Telemetry) -> StatusTable {
    let gauges = telemetry.flusher.gauges
    return StatusTable(
      "flusher",
      [
        ("dirty_turns", .count(gauges.dirty)), ("turns_in_flight", .count(gauges.underWay)),
        ("ending_turns", .count(telemetry.finisher.pending)),
        ("last_flush", .seconds(gauges.lastDuration == 0 ? nil : Double(gauges.lastDuration) / 1e9)),
      ])
  }

  private static func upstream(_ telemetry: Telemetry) -> StatusTable {
    let gauges = telemetry.upstream.gauges()
    return StatusTable(
      "upstream",
      [
        ("running", .count(gauges.running)), ("queued", .count(gauges.queued)),
        ("connecting", .count(gauges.connecting)),
      ])
  }

  private static func database(_ pool: DatabasePool, _ gauges: Database.Gauges) -> StatusTable.Row {
    [
      ("pool", .text(pool.text)), ("connections", .count(gauges.connections)), ("up", .count(gauges.ready)),
      ("waiting", .count(gauges.waiting)), ("in_flight", .count(gauges.inFlight)),
      // The description leaves out what may repeat values.
      ("last_failure", .text(gauges.lastFailure?.description)),
    ]
  }

  private static func node(_ listed: NodeStore.Listed, is own: Node) -> StatusTable.Row {
    [
      ("incarnation", .text(listed.incarnation.description)), ("tag", .count(listed.tag)),
      ("host", .text(listed.host)), ("version", .text(listed.version)),
      ("lease", .seconds(Double(listed.lease) / 1e3)), ("voided", .flag(listed.voided)),
      ("this", .flag(listed.incarnation == own.incarnation)),
    ]
  }

  private static func listeners(_ telemetry: Telemetry) -> [StatusTable.Row] {
    func rows(_ door: String, _ addresses: [String]) -> [StatusTable.Row] {
      addresses.map { [("door", .text(door)), ("address", .text($0))] }
    }
    return rows("chat", telemetry.door.labels)
      + rows("operator", telemetry.settings.operatorListeners.map(\.description))
  }

  /// Their names alone.
  private static func keys(_ ring: KeyRing) -> StatusTable {
    StatusTable(
      "keys", [("signing", .text(ring.signing)), ("verifying", .text(ring.verifying.joined(separator: ",")))])
  }

  private static func access(_ gauges: AccessMemory.Gauges) -> StatusTable {
    StatusTable(
      "access",
      [
        ("revocations", .count(gauges.revocations)), ("merged_identities", .count(gauges.merges)),
        ("read_ago", .seconds(gauges.age.map { Double($0) / 1e3 })),
      ])
  }

  private static func settings(_ telemetry: Telemetry) -> StatusTable {
    let settings = telemetry.settings
    return StatusTable(
      "settings",
      [
        ("loops", .count(settings.loops)), ("database_connections", .count(settings.databaseConnections)),
        ("prepared_statements", .flag(settings.preparedStatements)),
      ])
  }
}
