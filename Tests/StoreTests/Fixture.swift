import EventLoop
import SQL
import Testing

@testable import Store

/// One server for all tests that leave it running, with the schema deployed in one database; each test brings rows of
/// its own there.
enum TestServer {
  static let isThere = Cluster.isAvailable
  static let absence: Comment = "needs pg_config, initdb, pg_ctl and psql"

  private static let database = "sluice"
  private static let cluster = Result {
    let cluster = try Cluster()
    try cluster.endWithProcess()
    try cluster.deploy(database: database)
    return cluster
  }

  /// To a database without the schema.
  static var conninfo: String? { try? cluster.get().conninfo }

  /// To the one with the schema.
  static func conninfo(user: String) throws -> String { try cluster.get().conninfo(user: user, database: database) }
}

/// Loops and a started database for the length of `body`.
func withDatabase<Result: Sendable>(
  _ conninfo: String? = TestServer.conninfo, loops: Int = 2, connections: Int = 4,
  _ change: (inout DatabaseSettings) -> Void = { _ in },
  _ body: (Database) async throws -> Result
) async throws -> Result {
  var settings = DatabaseSettings()
  settings.connections = connections
  change(&settings)
  let pool = try LoopPool(count: loops)
  let database = try Database(loops: pool.loops, conninfo: try #require(conninfo), settings: settings)
  pool.start()
  database.start()
  defer {
    database.close()
    pool.stop()
  }
  return try await body(database)
}

/// Waits until `condition` holds. A hang is cut by the suite's time limit.
func eventually(_ condition: () async throws -> Bool) async throws {
  while !(try await condition()) { try await Task.sleep(for: .milliseconds(2)) }
}

extension Query {
  /// A statement of a test; its text is its name.
  static func text(_ text: String, _ parameters: Parameter...) -> Query {
    Query(Statement(name: String(text.prefix(60)), text: text), parameters)
  }
}

extension Database {
  /// The first value of the only query.
  func value(_ text: String, _ parameters: Parameter...) async throws -> String? {
    try await run([Query(Statement(name: String(text.prefix(60)), text: text), parameters)])[0].string(0, 0)
  }
}
