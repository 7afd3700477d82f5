import EventLoop
import Testing

@testable import FrontDoor

@Suite struct BoundsTests {
  static func limits(_ change: (inout Limits) -> Void) -> Limits {
    var limits = Limits()
    change(&limits)
    return limits
  }

  @Test(arguments: [Dialect.fastCGI, .scgi])
  func tooLongVariablesAreAnswered431(dialect: Dialect) throws {
    let door = try Door(speaking: dialect, limits: Self.limits { $0.maxParams = 1000 })
    let server = try door.connect()
    server.send(dialect.request(variables: [("HTTP_COOKIE", String(repeating: "x", count: 2000))]))
    #expect(server.receive()?.status == 431)
    #expect(server.isClosed)
    #expect(door.gauges.refusals.filter { $0.value > 0 } == [.params: 1])
    #expect(door.gauges.requests == 0)
  }

  @Test(arguments: [nil, ListenAddress.tcp(host: "127.0.0.1", port: 0)], [Dialect.fastCGI, .scgi])
  func aTooLongBodyIsAnswered413AlthoughThePeerGoesOnSending(address: ListenAddress?, dialect: Dialect) throws {
    let door = try Door(address: address, speaking: dialect)
    let server = try door.connect()
    #expect(server.send(dialect.request("POST", body: [UInt8](repeating: 1, count: 4 << 20))))
    let reply = try #require(server.receive())
    #expect(reply.status == 413)
    #expect(reply.body.starts(with: #"{"error":{"code":"body_too_large""#.utf8))
    #expect(server.isClosed)
    #expect(door.gauges.refusals.filter { $0.value > 0 } == [.body: 1])
    #expect(door.gauges.requests == 0)
  }

  @Test(arguments: [Dialect.fastCGI, .scgi])
  func whoSendsOnForeverAfterARefusalIsCutOff(dialect: Dialect) throws {
    let door = try Door(speaking: dialect, limits: Self.limits { $0.maxBody = 1000 })
    let server = try door.connect()
    let more: [UInt8]
    switch dialect {
    case .fastCGI:
      server.send(Records.begin() + Records.stream(4, []))
      more = Records.record(5, [UInt8](repeating: 1, count: 2000))
    case .scgi:
      server.send(Netstrings.request([], length: "1000000000"))
      more = [UInt8](repeating: 1, count: 2000)
    }
    #expect(eventually { !server.send(more) })
    #expect(eventually { door.gauges.connections == 0 })
    #expect(door.gauges.refusals[.body] == 1)
  }

  @Test(arguments: [Dialect.fastCGI, .scgi])
  func aRequestWithoutAPathIsAnswered400(dialect: Dialect) throws {
    let door = try Door(speaking: dialect)
    let server = try door.connect()
    server.send(dialect.request([("REQUEST_METHOD", "GET")]))
    #expect(server.receive()?.status == 400)
    #expect(server.isClosed)
    #expect(door.gauges.refusals[.badRequest] == 1)
  }

  @Test(arguments: [Dialect.fastCGI, .scgi])
  func aHeaderThatIsNoUTF8IsAnswered400(dialect: Dialect) throws {
    let door = try Door(speaking: dialect)
    let server = try door.connect()
    let request = dialect.request(variables: [("HTTP_X_SLUICE_USER", "anna")])
    // The same length, but no text.
    let place = try #require(request.indices.first { request[$0...].starts(with: "anna".utf8) })
    server.send(request[..<place] + [0xFF, 0xFE, 0xC0, 0x80] + request[(place + 4)...])
    #expect(server.receive()?.status == 400)
    #expect(door.gauges.refusals[.badRequest] == 1)
  }

  @Test(
    arguments: [
      (.fastCGI, Array("GET / HTTP/1.1\r\nHost: x\r\n\r\n".utf8), .malformed),
      (.fastCGI, Netstrings.request([]), .scgiOnFastCGI),
      (.scgi, Array("GET / HTTP/1.1\r\nHost: x\r\n\r\n".utf8), .malformed),
      (.scgi, Records.request(), .fastCGIOnSCGI),
    ] as [(Dialect, [UInt8], FrontDoor.Gauges.Reason)])
  func whatTheListenerDoesNotSpeakClosesTheConnection(
    dialect: Dialect, bytes: [UInt8], reason: FrontDoor.Gauges.Reason
  ) throws {
    let door = try Door(speaking: dialect)
    let server = try door.connect()
    server.send(bytes)
    #expect(server.isClosed)
    #expect(door.gauges.refusals.filter { $0.value > 0 } == [reason: 1])
    #expect(door.gauges.bytesOut == 0)
  }

  @Test(arguments: [Dialect.fastCGI, .scgi])
  func aPeerThatFloodsWhileParkedIsCutOff(dialect: Dialect) throws {
    let parking = Parking()
    let door = try Door(speaking: dialect) { _, exchange in parking.park(exchange, token: 6) }
    let server = try door.connect()
    server.send(dialect.request())
    #expect(eventually { !server.send([UInt8](repeating: 1, count: 10_000)) })
    #expect(parking.gone.take() == 6)
    #expect(door.gauges.refusals[.malformed] == 1)
  }

  @Test func connectionsBeyondTheLimitWaitForAPlace() throws {
    let door = try Door(limits: Self.limits { $0.maxConnections = 1 })
    var first: WebServer? = try door.connect()
    first?.send(Records.request())
    #expect(first?.receive() != nil)
    let second = try door.connect()
    second.send(Records.request())
    #expect(eventually { door.door.gauges().pauses > 0 })
    #expect(door.door.gauges().connections == 1)
    first = nil
    #expect(second.receive()?.status == 200)
  }

  @Test func newLimitsHoldFromTheNextRequestOn() throws {
    let door = try Door(limits: Self.limits { $0.maxConnections = 1 })
    let server = try door.connect()
    server.send(Records.request("POST", body: [UInt8](repeating: 1, count: 2000)))
    #expect(server.receive()?.status == 200)
    let waiting = try door.connect()
    waiting.send(Records.request())
    #expect(eventually { door.gauges.pauses > 0 })
    door.door.replace(
      limits: Self.limits {
        $0.maxBody = 1000
        $0.maxConnections = 2
      })
    #expect(waiting.receive()?.status == 200)
    server.send(Records.request("POST", body: [UInt8](repeating: 1, count: 1000)))
    #expect(server.receive()?.status == 200)
    server.send(Records.request("POST", body: [UInt8](repeating: 1, count: 2000)))
    #expect(server.receive()?.status == 413)
  }

  @Test(arguments: [Dialect.fastCGI, .scgi])
  func theHandlerMayAddToARefusalWhoseRequestIsKnown(dialect: Dialect) throws {
    let router = Router([], refused: { $1.adding(headers: [("Access-Control-Allow-Origin", $0.origin ?? "none")]) })
    let door = try Door(speaking: dialect, limits: Self.limits { $0.maxBody = 1000 }, handler: router)
    let server = try door.connect()
    server.send(
      dialect.request(
        "POST", variables: [("HTTP_ORIGIN", "https://shop.example")], body: [UInt8](repeating: 1, count: 1001)))
    let reply = try #require(server.receive())
    #expect(reply.status == 413)
    #expect(reply.head.contains("\r\nAccess-Control-Allow-Origin: https://shop.example\r\n"))
    #expect(reply.body.starts(with: #"{"error":{"code":"body_too_large""#.utf8))
    #expect(reply.head.hasSuffix("\r\nContent-Length: \(reply.body.count)"))
  }

  @Test(arguments: [Dialect.fastCGI, .scgi])
  func aTooLongBodyOfARequestWithoutAPathIsAnswered413(dialect: Dialect) throws {
    let door = try Door(speaking: dialect, limits: Self.limits { $0.maxBody = 1000 })
    let server = try door.connect()
    server.send(dialect.request([("REQUEST_METHOD", "POST")], body: [UInt8](repeating: 1, count: 1001)))
    #expect(server.receive()?.status == 413)
  }
}
