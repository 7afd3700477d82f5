import EventLoop
import FrontDoor
import Glibc
import Testing

/// Over real sockets, in real time: a deadline is never early, and met within half a second. A busy machine may be late,
/// but not each time.
@Suite struct DeadlineTests {
  private static let deadline = 700
  /// It begins with the turn of the loop that accepts, which may be before the peer knows.
  private static let range = 600...1_200

  private static let attempts = 5

  /// `attempt` returns after how many milliseconds the deadline struck.
  private static func isMet(_ attempt: () throws -> Int) rethrows -> Bool {
    for _ in 0..<attempts {
      let time = try attempt()
      if time <= range.upperBound { return range.contains(time) }
    }
    return false
  }

  private static func limits(_ change: (inout Limits) -> Void) -> Limits {
    var limits = Limits()
    change(&limits)
    return limits
  }

  /// How long `server` stays open from now, in milliseconds.
  private static func lasts(_ server: WebServer) -> Int {
    let start = Instant.now()
    #expect(server.isClosed)
    return Instant.now().milliseconds(since: start)
  }

  @Test(arguments: [Dialect.fastCGI, .scgi])
  func whoNeverSendsAByteIsClosed(dialect: Dialect) throws {
    let door = try Door(speaking: dialect, limits: Self.limits { $0.requestDeadline = Self.deadline })
    var times = 0
    let isMet = try Self.isMet {
      times += 1
      return Self.lasts(try door.connect())
    }
    #expect(isMet)
    #expect(door.gauges.refusals.filter { $0.value > 0 } == [.deadline: times])
    #expect(door.gauges.connections == 0)
  }

  @Test(arguments: [Dialect.fastCGI, .scgi])
  func anIncompleteRequestIsClosedAlthoughItTrickles(dialect: Dialect) throws {
    let door = try Door(speaking: dialect, limits: Self.limits { $0.requestDeadline = Self.deadline })
    let request = dialect.request("POST", body: [UInt8](repeating: 1, count: 10_000))
    var times = 0
    let isMet = try Self.isMet {
      let server = try door.connect()
      let start = Instant.now()
      for byte in request.dropLast() where door.gauges.refused == times {
        server.send([byte])
        usleep(10_000)
      }
      times += 1
      return Instant.now().milliseconds(since: start)
    }
    #expect(isMet)
    #expect(door.gauges.refusals[.deadline] == times)
  }

  @Test func theDeadlineOfARequestBeginsWithItsFirstByte() throws {
    let door = try Door(limits: Self.limits { $0.requestDeadline = Self.deadline })
    let isMet = try Self.isMet {
      let server = try door.connect()
      #expect(eventually { door.gauges.connections == 1 })
      let start = Instant.now()
      #expect(eventually { Instant.now().milliseconds(since: start) >= Self.deadline / 2 })
      server.send(Array(Records.request().prefix(1)))
      return Self.lasts(server)
    }
    #expect(isMet)
  }

  @Test func whoHasBeenAnsweredMayStaySilentForEver() throws {
    let door = try Door(limits: Self.limits { $0.requestDeadline = Self.deadline })
    let kept = try door.connect()
    kept.send(Records.request())
    #expect(kept.receive()?.status == 200)
    // This one comes later and its time is over first.
    #expect(try Self.isMet { Self.lasts(try door.connect()) })
    kept.send(Records.request())
    #expect(kept.receive()?.status == 200)
    #expect(door.gauges.connections == 1)
  }

  @Test func aParkedRequestHasNoDeadline() throws {
    let parking = Parking()
    let door = try Door(
      limits: Self.limits {
        $0.requestDeadline = Self.deadline
        $0.writeDeadline = Self.deadline
      }
    ) { _, exchange in parking.park(exchange) }
    let server = try door.connect()
    server.send(Records.request())
    let exchange = try #require(parking.parked.take())
    #expect(try Self.isMet { Self.lasts(try door.connect()) })
    exchange.reply(Response(.ok))
    #expect(server.receive()?.status == 200)
  }

  @Test(arguments: [Dialect.fastCGI, .scgi])
  func aPeerThatReadsNothingIsClosed(dialect: Dialect) throws {
    let limits = Self.limits { $0.writeDeadline = Self.deadline }
    let door = try Door(speaking: dialect, limits: limits) { _, exchange in
      exchange.reply(Response(.ok, body: [UInt8](repeating: 1, count: 8 << 20)))
    }
    var times = 0
    let isMet = try Self.isMet {
      let server = try door.connect()
      let start = Instant.now()
      server.send(dialect.request())
      times += 1
      #expect(eventually { door.gauges.stalls == times })
      let time = Instant.now().milliseconds(since: start)
      // The stall is counted first.
      #expect(eventually { door.gauges.connections == 0 })
      #expect(server.receive()?.body.count != 8 << 20)
      return time
    }
    #expect(isMet)
    #expect(door.gauges.refused == 0)
  }

  @Test(arguments: [Dialect.fastCGI, .scgi])
  func whoStaysAfterARefusalIsClosed(dialect: Dialect) throws {
    let limits = Self.limits {
      $0.requestDeadline = Self.deadline
      $0.maxParams = 100
    }
    let door = try Door(speaking: dialect, limits: limits)
    var times = 0
    let isMet = try Self.isMet {
      let server = try door.connect()
      let start = Instant.now()
      server.send(dialect.request(variables: [("HTTP_COOKIE", String(repeating: "x", count: 200))]))
      times += 1
      #expect(server.receive()?.status == 431)
      #expect(eventually { door.gauges.connections == 0 })
      return Instant.now().milliseconds(since: start)
    }
    #expect(isMet)
    #expect(door.gauges.refusals.filter { $0.value > 0 } == [.params: times])
  }
}
