import EventLoop
import SQL
import Synchronization
import Testing

@testable import Store

/// What a caller sees without a server at all.
@Suite(.timeLimit(.minutes(1))) struct AbsenceTests {
  private let nowhere = "host=/nonexistent dbname=none"

  @Test func `the queue is bounded, and who waits too long is told that nothing was sent`() async throws {
    try await withDatabase(nowhere, { ($0.queueBound, $0.queueTimeout) = (2, 50) }) { database in
      let codes = await withTaskGroup(of: StoreError.Code?.self) { group in
        for _ in 0..<5 {
          group.addTask {
            let error = await #expect(throws: StoreError.self) { try await database.run([Query(.ping)]) }
            #expect(error?.isOutcomeUnknown == false)
            return error?.code
          }
        }
        return await group.reduce(into: []) { $0.append($1) }
      }
      #expect(codes.filter { $0 == .queueFull }.count == 3)
      #expect(codes.filter { $0 == .unavailable }.count == 2)
      #expect(!database.isHealthy)
      try await eventually { database.gauges.lastFailure != nil }
      #expect(database.gauges.lastFailure?.code == .unavailable)
    }
  }

  @Test func `closing lets go who waits`() async throws {
    let pool = try LoopPool(count: 1)
    let database = try Database(loops: pool.loops, conninfo: nowhere, settings: DatabaseSettings())
    pool.start()
    database.start()
    async let end = #expect(throws: StoreError.self) { try await database.run([Query(.ping)]) }
    try await eventually { database.gauges.waiting == 1 }
    database.close()
    #expect(await end?.code == .unavailable)
    let late = await #expect(throws: StoreError.self) { try await database.run([Query(.ping)]) }
    #expect(late?.code == .unavailable)
    pool.stop()
  }

  /// In the last three the password is not escaped, so libpq takes a part of it for a host, a port or a database.
  @Test(arguments: [
    "password=hunter2 nonsense", "hunter2", "postgres://me:hunter2@[h/db", "postgres://me:p@hunter2@h/db",
    "postgres://me:hunter2/x@h/db", "postgres://me:1/hunter2@h/db",
  ])
  func `a malformed connection string is refused without being repeated`(conninfo: String) throws {
    let loop = try EventLoop(name: "test")
    let error = #expect(throws: StoreError.self) {
      try Database(loops: [loop], conninfo: conninfo, settings: DatabaseSettings())
    }
    #expect(error?.code == .misuse)
    let said = "\(String(describing: error)) \(error?.cause ?? "")"
    #expect(!said.contains("hunter2"))
  }
}

/// What a caller sees when a connection dies under it.
@Suite(.enabled(if: TestServer.isThere, TestServer.absence), .timeLimit(.minutes(2)))
struct LossTests {
  /// Ends all connections that bear this application name.
  private static let terminate =
    "select count(pg_terminate_backend(pid)) from pg_stat_activity where application_name = $1::text"
  private static let sleeping =
    "select count(*) from pg_stat_activity where application_name = $1::text and wait_event = 'PgSleep'"

  @Test(arguments: [true, false])
  func `a terminated connection ends each one in flight once, then comes back`(prepared: Bool) async throws {
    let name = "sluice-test-terminated-\(prepared)"
    try await withDatabase(loops: 1) { other in
      try await withDatabase(loops: 1, connections: 1, { ($0.applicationName, $0.prepared) = (name, prepared) }) {
        database in
        _ = try await database.run([Query(.ping)])
        let ends = Mutex<[Int: [StoreError.Code?]]>([:])
        for number in 0..<5 {
          database.submit([Query(.ping), .text("select pg_sleep(60)")]) { result in
            var code: StoreError.Code?
            if case .failure(let error) = result { code = error.code }
            ends.withLock { $0[number, default: []].append(code) }
          }
        }
        try await eventually { try await other.value(Self.sleeping, .text(name)) == "1" }
        #expect(database.gauges.inFlight == 5)
        #expect(try await other.value(Self.terminate, .text(name)) == "1")
        try await eventually { ends.withLock { $0.count == 5 } }
        #expect(try await database.run([Query(.ping)])[0].int(0, 0) == 1)
        #expect(ends.withLock { $0.values.allSatisfy { $0 == [.lost] } })
        #expect(database.gauges.connects == 2)
      }
    }
  }

  @Test func `an idle connection that dies is noticed and replaced before it is used`() async throws {
    let name = "sluice-test-idle"
    try await withDatabase(loops: 1) { other in
      try await withDatabase(loops: 1, connections: 1, { $0.applicationName = name }) { database in
        _ = try await database.run([Query(.ping)])
        #expect(try await other.value(Self.terminate, .text(name)) == "1")
        try await eventually { database.gauges.connects == 2 }
        #expect(try await database.run([Query(.ping)])[0].int(0, 0) == 1)
      }
    }
  }

  @Test func `no answer by the deadline drops the connection, and the next one works`() async throws {
    try await withDatabase(loops: 1, connections: 1, { $0.timeout = 100 }) { database in
      let error = await #expect(throws: StoreError.self) { try await database.value("select pg_sleep(60)") }
      #expect(error?.code == .timeout && error?.isOutcomeUnknown == true)
      let answer = try await database.run([Query(.ping)])
      #expect(answer[0].int(0, 0) == 1)
      #expect(database.gauges.connects == 2)
    }
  }

  @Test func `closing ends what is in flight`() async throws {
    let outcome = Mutex<StoreError.Code?>(nil)
    try await withDatabase(loops: 1) { database in
      database.submit([.text("select pg_sleep(60)")]) { result in
        if case .failure(let error) = result { outcome.withLock { $0 = error.code } }
      }
      try await eventually { database.gauges.inFlight == 1 }
    }
    #expect(outcome.withLock { $0 } == .lost)
  }
}

/// What a caller sees while a server of our own is restarted.
@Suite(.enabled(if: Cluster.isAvailable, "needs pg_config, initdb and pg_ctl"), .serialized, .timeLimit(.minutes(3)))
struct RestartTests {
  @Test(arguments: ["fast", "immediate"])
  func `a restart loses what is in flight, and what comes meanwhile waits for its end`(mode: String) async throws {
    let cluster = try Cluster()
    defer { cluster.remove() }
    try await withDatabase(cluster.conninfo, { $0.queueTimeout = 60_000 }) { database in
      try await eventually { database.gauges.ready == 4 }
      let code = Mutex<StoreError.Code?>(nil)
      database.submit([.text("select pg_sleep(60)")]) { result in
        if case .failure(let error) = result { code.withLock { $0 = error.code } }
      }
      #expect(try await database.run([Query(.ping)])[0].int(0, 0) == 1)
      try cluster.stop(mode: mode)
      try await eventually { !database.isHealthy && code.withLock { $0 } != nil }
      #expect(code.withLock { $0 } == .lost)
      async let meanwhile = database.run([Query(.ping)])
      try await eventually { database.gauges.waiting == 1 }
      try cluster.start()
      #expect(try await meanwhile[0].int(0, 0) == 1)
      try await eventually { database.gauges.ready == 4 }
    }
  }
}
