import EventLoop
import Store

/// Looks at what a service would need, without serving. Every finding is told, not only the first.
package struct Checkup: Sendable {
  private let settings: ServiceSettings

  package init(settings: ServiceSettings) { self.settings = settings }

  /// Never throws: what keeps it from looking is a finding itself.
  package func run() async -> [Finding] {
    MachineCheck(settings: settings).run() + (await database())
  }

  private func database() async -> [Finding] {
    let pool: LoopPool
    let database: Database
    do {
      pool = try LoopPool(count: 1)
      var options = DatabaseSettings()
      options.connections = 1
      options.applicationName = "sluice check"
      options.prepared = settings.preparedStatements
      database = try Database(loops: pool.loops, conninfo: settings.database, settings: options)
    } catch {
      return [.fail("database", "\(error)", mend: "set `database` to libpq's key=value pairs or to a URI")]
    }
    pool.start()
    database.start()
    defer {
      database.close()
      pool.stop()
    }
    return await DatabaseCheck(settings: settings, database: database, loops: pool).run()
  }
}
