import EventLoop
import Glibc
import SQL
import Testing

@testable import Store

/// The server of the tests that need one: a connection string in the environment, set by `make test`.
enum TestServer {
  static let conninfo = getenv("SLUICE_TEST_DATABASE").map { String(cString: $0) }
  static let isThere = conninfo != nil
  static let absence: Comment = "needs SLUICE_TEST_DATABASE, a libpq connection string"
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
