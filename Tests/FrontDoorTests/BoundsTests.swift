import EventLoop
import Testing

@testable import FrontDoor

@Suite struct BoundsTests {
  static func limits(_ change: (inout Limits) -> Void) -> Limits {
    var limits = Limits()
    change(&limits)
    return limits
  }

  @Test func tooLongVariablesAreAnswered431() throws {
    let door = try Door(limits: Self.limits { $0.maxParams = 1000 })
    let server = try door.connect()
    server.send(Records.request(variables: [("HTTP_COOKIE", String(repeating: "x", count: 2000))]))
    #expect(server.receive()?.status == 431)
    #expect(server.isClosed)
    #expect(door.door.gauges().refused == 1)
  }

  @Test(arguments: [nil, ListenAddress.tcp(host: "127.0.0.1", port: 0)])
  func aTooLongBodyIsAnswered413AlthoughThePeerGoesOnSending(address: ListenAddress?) throws {
    let door = try Door(address: address)
    let server = try door.connect()
    #expect(server.send(Records.request("POST", body: [UInt8](repeating: 1, count: 4 << 20))))
    let reply = try #require(server.receive())
    #expect(reply.status == 413)
    #expect(reply.body.starts(with: #"{"error":{"code":"body_too_large""#.utf8))
    #expect(server.isClosed)
  }

  @Test func whoSendsOnForeverAfterARefusalIsCutOff() throws {
    let door = try Door(limits: Self.limits { $0.maxBody = 1000 })
    let server = try door.connect()
    server.send(Records.begin() + Records.stream(4, []))
    let record = Records.record(5, [UInt8](repeating: 1, count: 2000))
    #expect(eventually { !server.send(record) })
    #expect(eventually { door.door.gauges().connections == 0 })
  }

  @Test func aRequestWithoutAPathIsAnswered400() throws {
    let door = try Door()
    let server = try door.connect()
    server.send(Records.begin() + Records.stream(4, Records.pair("REQUEST_METHOD", "GET")) + Records.stream(5, []))
    #expect(server.receive()?.status == 400)
    #expect(server.isClosed)
  }

  @Test func garbageClosesTheConnection() throws {
    let door = try Door()
    let server = try door.connect()
    server.send(Array("GET / HTTP/1.1\r\nHost: x\r\n\r\n".utf8))
    #expect(server.isClosed)
    #expect(door.door.gauges().refused == 1)
  }

  @Test func anIncompleteRequestMeetsItsDeadlineAndAnIdleConnectionDoesNot() throws {
    let door = try Door(limits: Self.limits { $0.requestDeadline = 20 })
    let idle = try door.connect()
    idle.send(Records.request())
    #expect(idle.receive() != nil)
    let slow = try door.connect()
    slow.send(Array(Records.request().dropLast()))
    #expect(slow.isClosed)
    idle.send(Records.request())
    #expect(idle.receive()?.status == 200)
  }

  @Test func aPeerThatReadsNothingMeetsTheWriteDeadline() throws {
    let door = try Door(limits: Self.limits { $0.writeDeadline = 20 }) { _, exchange in
      exchange.reply(Response(.ok, body: [UInt8](repeating: 1, count: 8 << 20)))
    }
    let server = try door.connect()
    server.send(Records.request())
    #expect(eventually { door.door.gauges() == .init(requests: 1) })
    #expect(server.receive() == nil)
  }

  @Test func aPeerThatFloodsWhileParkedIsCutOff() throws {
    let parking = Parking()
    let door = try Door { _, exchange in parking.park(exchange, token: 6) }
    let server = try door.connect()
    server.send(Records.request())
    #expect(eventually { !server.send([UInt8](repeating: 1, count: 10_000)) })
    #expect(parking.gone.take() == 6)
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
}
