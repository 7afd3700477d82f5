import EventLoop
import Store

/// Looks at what a service would need, without serving.
package struct Checkup: Sendable {
  package struct Fault: Error, CustomStringConvertible {
    package let description: String
  }

  private let settings: ServiceSettings

  package init(settings: ServiceSettings) { self.settings = settings }

  /// A line for each thing that is well. Throws `Fault` for the first that is not.
  package func run() async throws -> [String] {
    let pool = try LoopPool(count: 1)
    let database: Database
    do {
      var options = DatabaseSettings()
      options.connections = 1
      options.applicationName = "sluice check"
      database = try Database(loops: pool.loops, conninfo: settings.database, settings: options)
    } catch {
      throw Fault(description: "database: \(error)")
    }
    pool.start()
    database.start()
    defer {
      database.close()
      pool.stop()
    }
    let fault: String?
    do {
      fault = try await Schema.fault(in: NodeStore(database), version: settings.version)
    } catch {
      throw Fault(description: "database: \(database.gauges.lastFailure ?? error)")
    }
    if let fault { throw Fault(description: "schema: \(fault)") }
    let surfaces: [AccessStore.Surface]
    do { surfaces = try await AccessStore(database).surfaces() } catch {
      throw Fault(description: "rights: \(error)")
    }
    return ["ok    database", "ok    schema", "ok    surfaces: \(surfaces.count) enabled"]
  }
}
