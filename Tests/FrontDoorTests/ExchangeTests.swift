import EventLoop
import Synchronization
import Testing

@testable import FrontDoor

@Suite struct ExchangeTests {
  static let echo: @Sendable (Request, Exchange) -> Void = { request, exchange in
    exchange.reply(Response(.ok, body: Array("\(request.method) \(request.path) ".utf8) + request.body))
  }

  @Test(
    arguments: [nil, ListenAddress.tcp(host: "127.0.0.1", port: 0), .tcp(host: "::1", port: 0)],
    [Dialect.fastCGI, .scgi])
  func answersOverUnixSocketsAndTCP(address: ListenAddress?, dialect: Dialect) throws {
    let door = try Door(address: address, speaking: dialect, handle: Self.echo)
    let server = try door.connect()
    server.send(dialect.request("GET", "/hello"))
    let reply = try #require(server.receive())
    #expect(reply.status == 200)
    #expect(reply.body == Array("get /hello ".utf8))
  }

  @Test(arguments: [1, 7])
  func aBodyInSmallRecordsSentInSmallPieces(fragment: Int) throws {
    let door = try Door(handle: Self.echo)
    let server = try door.connect()
    let body = (0..<500).map { UInt8(truncatingIfNeeded: $0) }
    let request = Records.request("POST", "/x", body: body, fragment: fragment, padding: 1)
    for start in stride(from: 0, to: request.count, by: 13) { server.send(Array(request[start...].prefix(13))) }
    #expect(server.receive()?.body == Array("post /x ".utf8) + body)
  }

  @Test func aKeptConnectionServesOneRequestAfterTheOther() throws {
    let door = try Door(handle: Self.echo)
    let server = try door.connect()
    for id in [1, 2, 258] as [UInt16] {
      server.send(Records.request("POST", "/\(id)", body: [65], id: id))
      #expect(server.receive(id: id)?.body == Array("post /\(id) A".utf8))
    }
    #expect(door.gauges.connections == 1)
    #expect(door.gauges.requests == 3)
    #expect(door.gauges.accepted == 1)
  }

  @Test(arguments: [Dialect.fastCGI, .scgi])
  func everyByteIsCounted(dialect: Dialect) throws {
    let door = try Door(speaking: dialect, handle: Self.echo)
    let request = dialect.request("POST", "/x", body: [UInt8](repeating: 65, count: 1_000))
    let server = try door.connect()
    server.send(request)
    let reply = try #require(server.receive())
    #expect(eventually { door.gauges.bytesOut == reply.length })
    #expect(door.gauges.bytesIn == request.count)
  }

  @Test func withoutKeepConnTheConnectionIsClosedAfterTheReply() throws {
    let door = try Door(handle: Self.echo)
    let server = try door.connect()
    server.send(Records.request(keep: false))
    #expect(server.receive() != nil)
    #expect(server.isClosed)
    #expect(door.door.gauges().connections == 0)
  }

  @Test func requestsSentAheadAreAnsweredInTheirOrder() throws {
    let parking = Parking()
    let door = try Door { request, exchange in
      if request.path == "/park" { parking.park(exchange) } else { Self.echo(request, exchange) }
    }
    let server = try door.connect()
    let paths = [(1, "/a"), (2, "/park"), (3, "/c")] as [(UInt16, String)]
    server.send(paths.flatMap { Records.request("GET", $0.1, id: $0.0) })
    #expect(server.receive(id: 1)?.body == Array("get /a ".utf8))
    try #require(parking.parked.take()).reply(Response(.ok, body: [66]))
    #expect(server.receive(id: 2)?.body == [66])
    #expect(server.receive(id: 3)?.body == Array("get /c ".utf8))
  }

  @Test func aReplyFromAnotherThreadReachesAParkedPeerOnce() throws {
    let parking = Parking()
    let door = try Door { _, exchange in parking.park(exchange) }
    let server = try door.connect()
    server.send(Records.request(id: 77))
    let exchange = try #require(parking.parked.take())
    #expect(eventually { door.door.gauges().parked == 1 })
    for byte in [65, 66, 67] as [UInt8] { exchange.reply(Response(.ok, body: [byte])) }
    #expect(server.receive(id: 77)?.body == [65])
    server.send(Records.request(id: 78))
    let next = try #require(parking.parked.take())
    exchange.reply(Response(.ok, body: [68]))
    next.reply(Response(.ok, body: [69]))
    #expect(server.receive(id: 78)?.body == [69])
    #expect(eventually { door.door.gauges().parked == 0 })
    #expect(parking.gone.isEmpty)
  }

  @Test func oneJobOfALoopWakesAllThatAreParkedThere() throws {
    let parking = Parking()
    let door = try Door(loops: 2) { _, exchange in parking.park(exchange) }
    let servers = try (0..<100).map { _ in try door.connect() }
    for server in servers { server.send(Records.request()) }
    let exchanges = try servers.map { _ in try #require(parking.parked.take()) }
    for loop in Set(exchanges.map { ObjectIdentifier($0.loop) }) {
      let there = exchanges.filter { ObjectIdentifier($0.loop) == loop }
      there[0].loop.submit { for exchange in there { exchange.reply(Response(.ok, body: [65])) } }
    }
    for server in servers { #expect(server.receive()?.body == [65]) }
  }

  @Test(arguments: [Dialect.fastCGI, .scgi])
  func aPeerThatGoesWhileParkedIsReportedOnce(dialect: Dialect) throws {
    let parking = Parking()
    let door = try Door(speaking: dialect) { _, exchange in parking.park(exchange, token: 42) }
    var server: WebServer? = try door.connect()
    server?.send(dialect.request())
    let exchange = try #require(parking.parked.take())
    server = nil
    #expect(parking.gone.take() == 42)
    exchange.reply(Response(.ok))
    #expect(eventually { door.gauges.connections == 0 })
    #expect(door.gauges.parked == 0)
    #expect(door.gauges.abandoned == 1)
    #expect(parking.gone.isEmpty)
  }

  @Test(arguments: [Dialect.fastCGI, .scgi])
  func parkingAfterThePeerWentIsRefused(dialect: Dialect) throws {
    let waiting = Queue<Exchange>()
    let door = try Door(speaking: dialect) { _, exchange in waiting.put(exchange) }
    var server: WebServer? = try door.connect()
    server?.send(dialect.request())
    let exchange = try #require(waiting.take())
    server = nil
    #expect(eventually { door.door.gauges().connections == 0 })
    let parked = Queue<Bool>()
    exchange.loop.submit { parked.put(exchange.park(owner: Parking(), token: 0)) }
    #expect(parked.take() == false)
  }

  @Test func anAbortWhileParkedEndsTheRequestAndKeepsTheConnection() throws {
    let parking = Parking()
    let door = try Door { _, exchange in parking.park(exchange, token: 5) }
    let server = try door.connect()
    server.send(Records.request(id: 3))
    _ = parking.parked.take()
    server.send(Records.abort(id: 3))
    #expect(server.receive(id: 3)?.content == [])
    #expect(parking.gone.take() == 5)
    #expect(door.gauges.abandoned == 1)
    #expect(door.gauges.parked == 0)
    server.send(Records.request(id: 4))
    parking.parked.take()?.reply(Response(.ok, body: [65]))
    #expect(server.receive(id: 4)?.body == [65])
  }

  @Test func anAbortOfAnIncompleteRequestEndsIt() throws {
    let door = try Door(handle: Self.echo)
    let server = try door.connect()
    server.send(Records.begin(id: 9) + Records.record(4, Records.pair("A", "B"), id: 9) + Records.abort(id: 9))
    #expect(server.receive(id: 9)?.content == [])
    server.send(Records.request())
    #expect(server.receive()?.status == 200)
  }

  @Test(arguments: [nil, ListenAddress.tcp(host: "127.0.0.1", port: 0)], [Dialect.fastCGI, .scgi])
  func aLongReplyReachesASlowReaderWhole(address: ListenAddress?, dialect: Dialect) throws {
    let body = (0..<5_000_000).map { UInt8(truncatingIfNeeded: $0 &* 13 >> 3) }
    let door = try Door(address: address, speaking: dialect) { _, exchange in
      exchange.reply(Response(.ok, body: body))
    }
    var server = try door.connect()
    for round in 0..<2 {
      if dialect == .scgi, round > 0 { server = try door.connect() }
      server.send(dialect.request())
      #expect(server.receive(piece: 3000)?.body == body)
    }
  }
}
