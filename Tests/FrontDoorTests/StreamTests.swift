import EventLoop
import FrontDoor
import Synchronization
import Testing

/// Replies that come in pieces.
@Suite struct StreamTests {
  /// Gives what was put in, a piece a call; notes how much was taken, and whose peer went.
  private final class Source: ReplySource {
    private struct State {
      var pieces: [[UInt8]] = []
      var hasEnded = false
      var taken = 0
    }
    private let state = Mutex(State())
    let opened = Queue<Exchange>()
    let gone = Queue<Int>()

    /// A handler that streams to everybody.
    func open(_ exchange: Exchange) {
      exchange.stream(.streamed(contentType: "text/plain"), from: self, token: 7)
      opened.put(exchange)
    }

    func put(_ piece: [UInt8], to exchange: Exchange) {
      state.withLock { $0.pieces.append(piece) }
      exchange.loop.submit { exchange.proceed() }
    }

    func end(_ exchange: Exchange) {
      state.withLock { $0.hasEnded = true }
      exchange.loop.submit { exchange.proceed() }
    }

    var taken: Int { state.withLock { $0.taken } }

    func next(_ token: Int, to piece: inout [UInt8]) -> ReplyStep {
      state.withLock { state in
        guard !state.pieces.isEmpty else { return state.hasEnded ? .ended : .waits }
        piece += state.pieces.removeFirst()
        state.taken += 1
        return .more
      }
    }

    func peerGone(_ token: Int) { gone.put(token) }
  }

  @Test(arguments: [Dialect.fastCGI, .scgi], [nil, ListenAddress.tcp(host: "127.0.0.1", port: 0)])
  func piecesComeInTheirOrderAsTheyAreThere(dialect: Dialect, address: ListenAddress?) throws {
    let source = Source()
    let door = try Door(address: address, speaking: dialect) { _, exchange in source.open(exchange) }
    let server = try door.connect()
    server.send(dialect.request())
    let exchange = try #require(source.opened.take())
    #expect(door.gauges.streams == 1)
    for number in 0..<100 {
      let taken = source.taken
      source.put(Array("\(number),".utf8), to: exchange)
      #expect(eventually { source.taken == taken + 1 })
    }
    source.end(exchange)
    let reply = try #require(server.receive())
    #expect(reply.status == 200)
    #expect(reply.head.contains("X-Accel-Buffering: no"))
    #expect(!reply.head.contains("Content-Length"))
    #expect(reply.body == Array((0..<100).map { "\($0)," }.joined().utf8))
    #expect(eventually { door.gauges.streams == 0 })
    #expect(source.gone.isEmpty)
  }

  @Test func theNextRequestFollowsOnTheSameConnection() throws {
    let source = Source()
    let door = try Door { request, exchange in
      if request.path == "/stream" { source.open(exchange) } else { ExchangeTests.echo(request, exchange) }
    }
    let server = try door.connect()
    server.send(Records.request("GET", "/stream", id: 1))
    let exchange = try #require(source.opened.take())
    source.put([65], to: exchange)
    source.end(exchange)
    #expect(server.receive(id: 1)?.body == [65])
    server.send(Records.request("GET", "/after", id: 2))
    #expect(server.receive(id: 2)?.body == Array("get /after ".utf8))
    #expect(door.gauges.accepted == 1)
    // Too late is no harm.
    source.put([66], to: exchange)
    server.send(Records.request("GET", "/again", id: 3))
    #expect(server.receive(id: 3)?.body == Array("get /again ".utf8))
  }

  @Test(arguments: [Dialect.fastCGI, .scgi])
  func whoGoesIsTold(dialect: Dialect) throws {
    let source = Source()
    let door = try Door(speaking: dialect) { _, exchange in source.open(exchange) }
    var server: WebServer? = try door.connect()
    server?.send(dialect.request())
    _ = try #require(source.opened.take())
    server = nil
    #expect(source.gone.take() == 7)
    #expect(eventually { door.gauges.connections == 0 && door.gauges.streams == 0 })
  }

  @Test func aRequestThatIsTakenBackEndsTheConnection() throws {
    let source = Source()
    let door = try Door { _, exchange in source.open(exchange) }
    let server = try door.connect()
    server.send(Records.request())
    _ = try #require(source.opened.take())
    server.send(Records.abort())
    #expect(source.gone.take() == 7)
    #expect(eventually { door.gauges.connections == 0 })
  }

  @Test(arguments: [Dialect.fastCGI, .scgi])
  func aPeerThatClosedItsSendingHalfGetsTheRest(dialect: Dialect) throws {
    let source = Source()
    let door = try Door(speaking: dialect) { _, exchange in source.open(exchange) }
    let server = try door.connect()
    server.send(dialect.request())
    let exchange = try #require(source.opened.take())
    server.endSending()
    source.put([65], to: exchange)
    source.put([UInt8](repeating: 66, count: 1 << 20), to: exchange)
    source.end(exchange)
    #expect(server.receive()?.body.count == 1 + 1 << 20)
    #expect(server.isClosed)
  }

  /// Nothing is asked of the source that the socket has no room for, and after the deadline the peer is dropped.
  @Test(arguments: [Dialect.fastCGI, .scgi])
  func whoTakesNothingCostsOnePieceAndIsDropped(dialect: Dialect) throws {
    let source = Source()
    var limits = Limits()
    limits.writeDeadline = 100
    let door = try Door(speaking: dialect, limits: limits) { _, exchange in source.open(exchange) }
    let server = try door.connect()
    server.send(dialect.request())
    let exchange = try #require(source.opened.take())
    let pieces = 1_000
    for _ in 0..<pieces { source.put([UInt8](repeating: 65, count: Exchange.pieceSize), to: exchange) }
    #expect(source.gone.take() == 7)
    #expect(door.gauges.stalls == 1)
    // What the kernel holds for a unix socket is far less.
    #expect(source.taken < pieces / 4)
    _ = server
  }

  /// A peer with much to take does not keep the others of its loop waiting.
  @Test func othersAreServedBetweenThePieces() throws {
    let source = Source()
    let door = try Door { request, exchange in
      if request.path == "/stream" { source.open(exchange) } else { ExchangeTests.echo(request, exchange) }
    }
    let greedy = try door.connect()
    greedy.send(Records.request("GET", "/stream"))
    let exchange = try #require(source.opened.take())
    for _ in 0..<200 { source.put([UInt8](repeating: 65, count: Exchange.pieceSize), to: exchange) }
    let other = try door.connect()
    other.send(Records.request("GET", "/other"))
    #expect(other.receive()?.body == Array("get /other ".utf8))
    source.end(exchange)
    #expect(greedy.receive()?.body.count == 200 * Exchange.pieceSize)
  }

  @Test func aSecondReplyToTheSameRequestIsDropped() throws {
    let source = Source()
    let door = try Door { _, exchange in source.open(exchange) }
    let server = try door.connect()
    server.send(Records.request())
    let exchange = try #require(source.opened.take())
    exchange.reply(Response(.ok, body: [90]))
    let twice = Queue<Bool>()
    exchange.loop.submit { twice.put(exchange.stream(.streamed(contentType: "x"), from: source, token: 8)) }
    #expect(twice.take() == false)
    source.put([65], to: exchange)
    source.end(exchange)
    #expect(server.receive()?.body == [65])
  }
}
