import EventLoop
import SQL
import Synchronization
import Testing

@testable import Store

/// What a caller sees of a server that stays up.
@Suite(.enabled(if: TestServer.isThere, TestServer.absence), .timeLimit(.minutes(2)))
struct DatabaseTests {
  @Test func `four statements are one transaction`() async throws {
    try await withDatabase { database in
      let rows = try await database.run([
        .text("select pg_current_xact_id()::text"), .text("select generate_series(1, $1::int)", .int(3)),
        .text("select pg_current_xact_id()::text"), Query(.ping),
      ])
      #expect(rows.map(\.count) == [1, 3, 1, 1])
      #expect(rows[0].string(0, 0) == rows[2].string(0, 0))
      #expect(rows[1].int(2, 0) == 3 && rows[1].affected == 3)
    }
  }

  @Test func `an error rolls all of it back, and the connection goes on`() async throws {
    try await withDatabase(loops: 1, connections: 1) { database in
      _ = try await database.run([.text("create temp table item (n int constraint item_key primary key)")])
      let add = "insert into item values ($1::int)"
      let error = await #expect(throws: StoreError.self) {
        try await database.run([.text(add, .int(1)), .text(add, .int(2)), .text(add, .int(1)), .text(add, .int(3))])
      }
      #expect(error?.code == .refused(sqlstate: "23505", constraint: "item_key"))
      #expect(error?.isOutcomeUnknown == false)
      #expect(error.map { "\($0)" } == "refused by the database (23505, constraint item_key)")
      #expect(try await database.value("select count(*) from item") == "0")
      #expect(database.gauges.connects == 1)
    }
  }

  @Test func `a constraint that fails at the commit fails the transaction`() async throws {
    try await withDatabase(loops: 1, connections: 1) { database in
      _ = try await database.run([.text("create temp table item (n int unique deferrable initially deferred)")])
      let add = Query.text("insert into item values (1)")
      let error = await #expect(throws: StoreError.self) { try await database.run([add, add]) }
      #expect(error?.sqlstate == "23505")
      _ = try await database.run([add])
      #expect(try await database.value("select count(*) from item") == "1")
    }
  }

  @Test(arguments: [true, false])
  func `every type goes there and back`(prepared: Bool) async throws {
    try await withDatabase(loops: 1, connections: 1, { $0.prepared = prepared }) { database in
      let text = #"it's "quoted" \ \\ {a,b} NULL 👩‍👩‍👧 \#n\#t"#
      let id: (UInt64, UInt64) = (0x0189_ABCD_EF01_7234, 0xF000_0000_0000_0001)
      let rows = try await database.run([
        .text(
          "select $1::text, $2::bytea, $3::uuid, $4::smallint, $5::bigint, $6::bool, $7::text, $8::jsonb->>'k', $9::text",
          .text(text), .bytes([0, 1, 39, 92, 255]), .uuid(id), .int(-7), .int(.max), .bool(true), .null,
          .utf8(Array(#"{"k":"é"}"#.utf8)), .text("")),
        .text(
          """
          select * from unnest($1::uuid[], $2::int[], $3::smallint[], $4::text[], $5::bool[], $6::bigint[])
            as t(a, b, c, d, e, f)
          """,
          .uuidArray([id, (0, 0)]), .int4Array([1, .min]), .int2Array([2, .max]),
          .textArray([Array(text.utf8), []]), .boolArray([true, false]), .int8Array([.min, 0])),
        .text(
          "select cardinality($1::uuid[]) + cardinality($2::text[]) + cardinality($3::int[])", .uuidArray([]),
          .textArray([[UInt8]]()), .int4Array([])),
      ])
      let one = rows[0]
      #expect(one.string(0, 0) == text && one.utf8(0, 0) == Array(text.utf8))
      #expect(one.bytes(0, 1) == [0, 1, 39, 92, 255])
      #expect(one.uuid(0, 2).map { $0 == id } == true)
      #expect(one.int(0, 3) == -7 && one.int(0, 4) == .max && one.bool(0, 5) == true)
      #expect(one.isNull(0, 6) && one.string(0, 6) == nil)
      #expect(one.string(0, 7) == "é" && one.string(0, 8) == "")
      #expect(one.int(0, 0) == nil && one.uuid(0, 0) == nil && one.isNull(1, 0) && one.isNull(0, 99))
      let many = rows[1]
      #expect(many.uuid(0, 0).map { $0 == id } == true && many.uuid(1, 0).map { $0 == (0, 0) } == true)
      #expect(many.int(1, 1) == Int(Int32.min) && many.int(1, 2) == Int(Int16.max) && many.int(0, 5) == .min)
      #expect(many.string(0, 3) == text && many.string(1, 3) == "" && many.bool(1, 4) == false)
      #expect(rows[2].int(0, 0) == 0)
      let names = try await database.value("select count(*) from pg_prepared_statements")
      #expect((names == "0") == !prepared)
    }
  }

  @Test func `a text with U+0000 is refused, not cut short`() async throws {
    try await withDatabase { database in
      let error = await #expect(throws: StoreError.self) { try await database.value("select $1::text", .text("a\0b")) }
      #expect(error?.sqlstate == "22021")
    }
  }

  @Test func `a thousand at once all get their own answer`() async throws {
    try await withDatabase { database in
      let sum = try await withThrowingTaskGroup(of: Int.self) { group in
        for number in 0..<1_000 {
          group.addTask {
            let rows = try await database.run([.text("select $1::int", .int(number)), Query(.ping)])
            return try #require(rows[0].int(0, 0)) == number ? 1 : 0
          }
        }
        return try await group.reduce(0, +)
      }
      #expect(sum == 1_000)
      #expect(database.gauges.inFlight == 0 && database.gauges.waiting == 0)
    }
  }

  @Test func `more than the socket takes is written as it drains`() async throws {
    try await withDatabase(loops: 1, connections: 1) { database in
      let text = [UInt8](repeating: UInt8(ascii: "x"), count: 8 << 20)
      try await withThrowingTaskGroup(of: Int?.self) { group in
        for _ in 0..<4 {
          group.addTask { try await database.run([.text("select $1::text", .utf8(text))])[0].utf8(0, 0)?.count }
        }
        for try await count in group { #expect(count == text.count) }
      }
    }
  }

  @Test func `a failed preparation is told as it is, and its name is free afterwards`() async throws {
    try await withDatabase(loops: 1, connections: 1) { database in
      let query = Query.text("select count(*) from later")
      await withTaskGroup(of: StoreError?.self) { group in
        for _ in 0..<3 { group.addTask { await #expect(throws: StoreError.self) { try await database.run([query]) } } }
        for await error in group { #expect(error?.sqlstate == "42P01") }
      }
      _ = try await database.run([.text("create temp table later ()")])
      #expect(try await database.run([query])[0].int(0, 0) == 0)
      #expect(database.gauges.connects == 1)
    }
  }

  @Test func `a connection that forgot its prepared statements is renewed`() async throws {
    try await withDatabase(loops: 1, connections: 1) { database in
      _ = try await database.run([Query(.ping)])
      _ = try await database.run([.text("deallocate all")])
      let error = await #expect(throws: StoreError.self) { try await database.run([Query(.ping)]) }
      #expect(error?.sqlstate == "26000")
      #expect(try await database.run([Query(.ping)])[0].int(0, 0) == 1)
      #expect(database.gauges.connects == 2)
    }
  }

  @Test func `an empty transaction is a misuse`() async throws {
    try await withDatabase { database in
      let error = await #expect(throws: StoreError.self) { try await database.run([]) }
      #expect(error?.code == .misuse)
    }
  }

  @Test func `a loop's own transactions are called back later, on a loop`() async throws {
    let pool = try LoopPool(count: 1)
    let database = try Database(
      loops: pool.loops, conninfo: try #require(TestServer.conninfo), settings: DatabaseSettings())
    pool.start()
    database.start()
    let within = Mutex(false)
    let seen: (onLoop: Bool, within: Bool) = await withCheckedContinuation { continuation in
      pool.loops[0].submit {
        within.withLock { $0 = true }
        database.submit([Query(.ping)]) { _ in
          continuation.resume(returning: (pool.loops[0].isCurrent, within.withLock { $0 }))
        }
        within.withLock { $0 = false }
      }
    }
    #expect(seen.onLoop && !seen.within)
    database.close()
    pool.stop()
  }
}
