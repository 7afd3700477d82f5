import EventLoop
import FrontDoor
import Glibc
import Testing

/// Peers that close their sending half once they have asked, as scripts and some libraries do.
@Suite struct HalfCloseTests {
  static let tcp = ListenAddress.tcp(host: "127.0.0.1", port: 0)

  @Test(arguments: [Dialect.fastCGI, .scgi])
  func aParkedPeerOfAUnixSocketGetsItsReply(dialect: Dialect) throws {
    let parking = Parking()
    let door = try Door(speaking: dialect) { _, exchange in parking.park(exchange) }
    let server = try door.connect()
    server.send(dialect.request())
    let exchange = try #require(parking.parked.take())
    server.endSending()
    // Another one's request: by its answer the loop has seen the end.
    try Self.turn(of: door, parking)
    #expect(eventually { door.gauges.connections == 1 })
    exchange.reply(Response(.ok, body: [65]))
    #expect(server.receive()?.body == [65])
    #expect(server.isClosed)
    #expect(parking.gone.isEmpty)
    #expect(door.gauges.abandoned == 0)
  }

  @Test(arguments: [Dialect.fastCGI, .scgi])
  func onceItClosesTheOtherHalfItIsGone(dialect: Dialect) throws {
    let parking = Parking()
    let door = try Door(speaking: dialect) { _, exchange in parking.park(exchange, token: 42) }
    var server: WebServer? = try door.connect()
    server?.send(dialect.request())
    _ = try #require(parking.parked.take())
    server?.endSending()
    try Self.turn(of: door, parking)
    #expect(parking.gone.isEmpty)
    server = nil
    #expect(parking.gone.take() == 42)
    #expect(eventually { door.gauges.connections == 0 })
    #expect(door.gauges.abandoned == 1)
  }

  /// TCP does not tell it from one that left: nobody may wait for the reply, so nothing is kept.
  @Test(arguments: [Dialect.fastCGI, .scgi])
  func aParkedPeerByTCPCountsAsGone(dialect: Dialect) throws {
    let parking = Parking()
    let door = try Door(address: Self.tcp, speaking: dialect) { _, exchange in parking.park(exchange, token: 7) }
    let server = try door.connect()
    server.send(dialect.request())
    _ = try #require(parking.parked.take())
    server.endSending()
    #expect(parking.gone.take() == 7)
    #expect(server.isClosed)
  }

  @Test(arguments: [nil, Self.tcp], [Dialect.fastCGI, .scgi])
  func aLongReplyReachesItWhole(address: ListenAddress?, dialect: Dialect) throws {
    let body = (0..<5_000_000).map { UInt8(truncatingIfNeeded: $0 &* 13 >> 3) }
    let parking = Parking()
    let door = try Door(address: address, speaking: dialect) { request, exchange in
      if request.path == "/park" { parking.park(exchange) } else { exchange.reply(Response(.ok, body: body)) }
    }
    let server = try door.connect()
    server.send(dialect.request())
    // So much of the reply is on its way that the rest waits for us to read.
    #expect(eventually { door.gauges.bytesOut > 0 })
    server.endSending()
    try Self.turn(of: door, parking)
    #expect(server.receive(piece: 3_000)?.body == body)
    #expect(server.isClosed)
  }

  @Test func requestsSentAheadAreAnsweredBeforeItIsClosed() throws {
    let parking = Parking()
    let door = try Door { request, exchange in
      if request.path == "/park" { parking.park(exchange) } else { ExchangeTests.echo(request, exchange) }
    }
    let server = try door.connect()
    let paths = [(1, "/park"), (2, "/b"), (3, "/c")] as [(UInt16, String)]
    // The fourth breaks off.
    server.send(paths.flatMap { Records.request("GET", $0.1, id: $0.0) } + Records.begin(id: 4))
    let exchange = try #require(parking.parked.take())
    server.endSending()
    try Self.turn(of: door, parking)
    exchange.reply(Response(.ok, body: [65]))
    #expect(server.receive(id: 1)?.body == [65])
    #expect(server.receive(id: 2)?.body == Array("get /b ".utf8))
    #expect(server.receive(id: 3)?.body == Array("get /c ".utf8))
    #expect(server.isClosed)
    #expect(eventually { door.gauges.connections == 0 })
  }

  /// A readable end that is looked for again and again would keep the loop busy for nothing.
  @Test func whileItWaitsTheLoopSleeps() throws {
    let parking = Parking()
    let door = try Door { _, exchange in parking.park(exchange) }
    let server = try door.connect()
    server.send(Records.request())
    let exchange = try #require(parking.parked.take())
    server.endSending()
    try Self.turn(of: door, parking)
    // Idle for once over 50 ms: a loop that spins never is.
    #expect(
      eventually {
        let before = exchange.loop.busyTime
        usleep(50_000)
        return exchange.loop.busyTime - before < 5_000_000
      })
    exchange.reply(Response(.ok))
    #expect(server.receive()?.status == 200)
  }

  /// Returns once the loop has told what was ready when this was called: what came later is served after it.
  private static func turn(of door: Door, _ parking: Parking) throws {
    let other = try door.connect()
    other.send(door.address.dialect.request("GET", "/park"))
    let exchange = try #require(parking.parked.take())
    exchange.reply(Response(.ok))
    #expect(other.receive()?.status == 200)
  }
}
