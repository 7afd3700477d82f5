import ArgumentParser
import EventLoop
import Store

/// The one connection of a command of operators.
struct Administration {
  let store: AdminStore
  let turns: AdminTurns
  let identities: AdminIdentities
  let privacy: PrivacyStore
  let usage: AdminUsage

  /// Opens the database for the length of `body` and makes an exit code of what goes wrong: 78 for the configuration, 1
  /// for the rest. What ArgumentParser throws goes through as it is.
  static func run(_ options: AdminOptions, _ body: (Administration) async throws -> Void) async throws {
    let conninfo: String
    do { conninfo = try options.configuration.load().administration(database: options.database) } catch {
      throw failure("sluice: \(error)", status: 78)
    }
    let pool = try LoopPool(count: 1)
    let database: Database
    do {
      var settings = DatabaseSettings()
      settings.connections = 1
      settings.applicationName = "sluice"
      // Each statement runs once. And it does for a PgBouncer in transaction mode.
      settings.prepared = false
      // A statement may take as long as its role allows.
      settings.timeout = 65_000
      database = try Database(loops: pool.loops, conninfo: conninfo, settings: settings)
    } catch {
      throw failure("sluice: database: \(error.cause)", status: 78)
    }
    pool.start()
    database.start()
    defer {
      database.close()
      pool.stop()
    }
    let administration = Administration(
      store: AdminStore(database), turns: AdminTurns(database), identities: AdminIdentities(database),
      privacy: PrivacyStore(database), usage: AdminUsage(database))
    do {
      try await connected(database)
      try await body(administration)
    } catch let error as StoreError {
      let refusal = await Refusal(error, administration.store)
      throw failure("sluice: \(refusal)", status: 1)
    } catch let refusal as Refusal {
      throw failure("sluice: \(refusal)", status: 1)
    }
  }

  /// Until there is a connection. The first failure is final: a person waits, and tries again.
  private static func connected(_ database: Database) async throws {
    while database.gauges.ready == 0 {
      if let failure = database.gauges.lastFailure { throw Refusal("database: \(failure.cause)") }
      try await Task.sleep(for: .milliseconds(2))
    }
  }
}
