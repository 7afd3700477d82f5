import EventLoop
import FrontDoor
import TestSupport
import Testing

@Suite struct SCGIExchangeTests {
  @Test func theSameAnswerWhereverTheRequestIsCut() throws {
    let door = try Door(speaking: .scgi, handle: ExchangeTests.echo)
    let request = Dialect.scgi.request("POST", "/x", body: Array("abc".utf8))
    for cut in 1..<request.count {
      let server = try door.connect()
      let before = door.gauges.bytesIn
      server.send(Array(request[..<cut]))
      // The rest must come by itself.
      #expect(eventually { door.gauges.bytesIn == before + cut })
      server.send(Array(request[cut...]))
      #expect(server.receive()?.body == Array("post /x abc".utf8), "cut at \(cut)")
    }
  }

  @Test(arguments: 0..<8 as Range<UInt64>)
  func randomPiecesOfManyConnectionsAtOnceDoNotMix(seed: UInt64) throws {
    var random = SplitMix(seed: seed)
    let door = try Door(speaking: .scgi, handle: ExchangeTests.echo)
    var open = try (0..<10).map { index in
      let body = (0..<Int.random(in: 0...2_000, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
      return (
        server: try door.connect(), rest: Dialect.scgi.request("POST", "/\(index)", body: body)[...],
        answer: Array("post /\(index) ".utf8) + body
      )
    }
    while let index = open.indices.filter({ !open[$0].rest.isEmpty }).randomElement(using: &random) {
      let count = Int.random(in: 1...300, using: &random)
      open[index].server.send(Array(open[index].rest.prefix(count)))
      open[index].rest = open[index].rest.dropFirst(count)
    }
    for one in open { #expect(one.server.receive()?.body == one.answer) }
    #expect(door.gauges.requests == 10)
    #expect(door.gauges.refused == 0)
  }

  @Test func oneRequestAConnection() throws {
    let door = try Door(speaking: .scgi, handle: ExchangeTests.echo)
    let server = try door.connect()
    server.send(Dialect.scgi.request("GET", "/a") + Dialect.scgi.request("GET", "/b"))
    #expect(server.receive()?.body == Array("get /a ".utf8))
    #expect(server.isClosed)
    #expect(door.gauges.requests == 1)
    #expect(door.gauges.connections == 0)
  }

  @Test func aReplyFromAnotherThreadReachesAParkedPeer() throws {
    let parking = Parking()
    let door = try Door(speaking: .scgi) { _, exchange in parking.park(exchange) }
    let server = try door.connect()
    server.send(Dialect.scgi.request())
    let exchange = try #require(parking.parked.take())
    #expect(eventually { door.gauges.parked == 1 })
    for byte in [65, 66] as [UInt8] { exchange.reply(Response(.ok, body: [byte])) }
    #expect(server.receive()?.body == [65])
    #expect(eventually { door.gauges.parked == 0 })
    #expect(door.gauges.abandoned == 0)
    #expect(parking.gone.isEmpty)
  }

  @Test func anAbortRecordIsNothingHere() throws {
    let parking = Parking()
    let door = try Door(speaking: .scgi) { _, exchange in parking.park(exchange) }
    let server = try door.connect()
    server.send(Dialect.scgi.request())
    let exchange = try #require(parking.parked.take())
    let seen = door.gauges.bytesIn
    server.send(Records.abort())
    #expect(eventually { door.gauges.bytesIn > seen })
    exchange.reply(Response(.ok, body: [65]))
    #expect(server.receive()?.body == [65])
    #expect(parking.gone.isEmpty)
  }
}
