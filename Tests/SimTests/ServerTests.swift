import FoundationEssentials
import NIOCore
import NIOPosix
import NIOSSL
import Testing

@testable import sluice_sim

/// What only sockets show.
@Suite struct ServerTests {
  private let journal = Journal()
  private let server: Server

  init() { server = Server(routes: Routes(chat: ChatRoute(apiKey: nil, rate: 0, journal: journal)), threads: 1) }

  private func listen(tls: NIOSSLContext? = nil) async throws -> Int {
    var server = server
    return try await server.listen(Endpoint(host: "127.0.0.1", port: 0), tls: tls)
  }

  /// All that came until the connection ended, and the error that ended it, if one did.
  private struct Reply {
    let bytes: String
    let error: (any Error)?
  }

  private final class Collector: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private var bytes = ByteBuffer()
    private var error: (any Error)?
    private let promise: EventLoopPromise<Reply>

    init(_ promise: EventLoopPromise<Reply>) { self.promise = promise }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      bytes.writeImmutableBuffer(unwrapInboundIn(data))
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
      self.error = self.error ?? error
      context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
      promise.succeed(Reply(bytes: String(buffer: bytes), error: error))
    }
  }

  private func ask(_ model: String, port: Int, tls: NIOSSLContext? = nil) async throws -> Reply {
    let promise = MultiThreadedEventLoopGroup.singleton.next().makePromise(of: Reply.self)
    let channel = try await ClientBootstrap(group: promise.futureResult.eventLoop)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          let pipeline = channel.pipeline.syncOperations
          if let tls { try pipeline.addHandler(NIOSSLClientHandler(context: tls, serverHostname: nil)) }
          try pipeline.addHandler(Collector(promise))
        }
      }
      .connect(host: "127.0.0.1", port: port).get()
    let body = "{\"model\":\"\(model)\",\"stream\":true,\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}"
    let head =
      "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: \(body.utf8.count)"
    channel.writeAndFlush(ByteBuffer(string: head + "\r\n\r\n" + body), promise: nil)
    return try await promise.futureResult.get()
  }

  private static func isReset(_ error: (any Error)?) -> Bool { (error as? IOError)?.errnoCode == ECONNRESET }

  @Test(arguments: [("request", 0), ("headers", 0), ("0", 1), ("3", 4)])
  func aResetComesWhereItShould(place: String, events: Int) async throws {
    let reply = try await ask("x;fault=reset;after=\(place)", port: try await listen())
    #expect(Self.isReset(reply.error))
    #expect(reply.bytes.hasPrefix("HTTP/1.1 200 OK\r\n") == (place != "request"))
    #expect(reply.bytes.ranges(of: "data: {").count == events)
    #expect(journal.streams(model: nil) == Streams.Count(open: 0, max: 1))
  }

  @Test func aCutBeforeAnyByteIsAnEmptyReply() async throws {
    let reply = try await ask("x;fault=cut;after=request", port: try await listen())
    #expect(reply.bytes.isEmpty)
    #expect(reply.error == nil)
  }

  @Test(arguments: ["", ";dribble=20", ";gap=20", ";ends=mixed;comments=1;split=3"])
  func theHeadIsWholeHoweverItComes(form: String) async throws {
    let reply = try await ask("x;tokens=2\(form)", port: try await listen())
    #expect(reply.error == nil)
    let parts = reply.bytes.split(separator: "\r\n\r\n", maxSplits: 1)
    #expect(parts[0].hasPrefix("HTTP/1.1 200 OK\r\n"))
    #expect(parts[0].contains("\r\nx-request-id: req_"))
    #expect(reply.bytes.hasSuffix("0\r\n\r\n"))
  }

  @Test func headersOfAnErrorAreOnTheWire() async throws {
    let port = try await listen()
    let limited = try await ask("x;fault=status;status=429;retry=7", port: port)
    #expect(limited.bytes.hasPrefix("HTTP/1.1 429 Too Many Requests\r\n"))
    #expect(limited.bytes.contains("\r\nretry-after: 7\r\n"))
    #expect(limited.bytes.contains("\r\nx-request-id: req_"))
    #expect(limited.bytes.contains("Please try again in 7s."))
    let dated = try await ask("x;fault=status;status=503;retry=date+60", port: port)
    #expect(dated.bytes.contains(/\r\nretry-after: ..., \d\d ... \d{4} \d\d:\d\d:\d\d GMT\r\n/))
    let moved = try await ask("x;fault=status;status=308", port: port)
    #expect(moved.bytes.contains("\r\nlocation: /sim/redirected/chatcmpl-"))
    let zipped = try await ask("x;gzip=1", port: port)
    #expect(zipped.bytes.contains("\r\ncontent-encoding: gzip\r\n"))
  }

  @Test func aCertificateIsShownAndOneIsDemanded() async throws {
    let certificates = try Certificates()
    try certificates.make("server", subject: "/CN=server")
    try certificates.make("client", subject: "/C=CH/O=Wässer, Öl/OU=Gate/CN=client one/serialNumber=5")
    func listener(clientCA: String?) throws -> NIOSSLContext {
      try TLSListener(
        endpoint: Endpoint(host: "127.0.0.1", port: 0), certificate: certificates.pem("server"),
        key: certificates.key("server"), clientCA: clientCA
      ).context()
    }
    let open = try await listen(tls: try listener(clientCA: nil))
    let closed = try await listen(tls: try listener(clientCA: certificates.pem("ca")))
    var configuration = TLSConfiguration.makeClientConfiguration()
    configuration.trustRoots = .file(certificates.pem("ca"))
    let stranger = try NIOSSLContext(configuration: configuration)
    configuration.certificateChain = try NIOSSLCertificate.fromPEMFile(certificates.pem("client")).map {
      .certificate($0)
    }
    configuration.privateKey = .privateKey(try NIOSSLPrivateKey(file: certificates.key("client"), format: .pem))
    let friend = try NIOSSLContext(configuration: configuration)

    #expect(try await ask("stranger", port: open, tls: stranger).bytes.contains("data: [DONE]"))
    #expect(try await ask("stranger", port: closed, tls: stranger).bytes.isEmpty)
    #expect(try await ask("friend", port: closed, tls: friend).bytes.contains("data: [DONE]"))
    // Under TLS as well a reset is one: no goodbye before it.
    #expect(Self.isReset(try await ask("stranger;fault=reset", port: open, tls: stranger).error))

    struct Entry: Decodable {
      let model: String
      let port: Int
      let connection: Int
      let clientSubject: String?
    }
    let entries = try JSONDecoder().decode([Entry].self, from: Data(journal.json(model: nil).utf8))
    #expect(entries.map(\.model) == ["stranger", "friend", "stranger;fault=reset"])
    #expect(entries.map(\.port) == [open, closed, open])
    #expect(entries.map(\.clientSubject) == [nil, "C=CH,O=Wässer, Öl,OU=Gate,CN=client one,550405=5", nil])
    #expect(Set(entries.map(\.connection)).count == 3)
  }
}
