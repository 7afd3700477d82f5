import NIOCore
import NIOEmbedded
import Testing

@testable import sluice_sim

@Suite struct SlowHeadTests {
  private static let statusLine = "HTTP/1.1 200 OK\r\n"
  private static let fields = "content-type: x\r\n\r\n"

  private let channel = EmbeddedChannel()
  private let slowHead = SlowHead()

  init() throws {
    try channel.pipeline.syncOperations.addHandler(slowHead)
    // The clock of an embedded loop starts at 0; a later start shows what wrongly counts from there.
    channel.embeddedEventLoop.advanceTime(by: .seconds(1))
  }

  private func write(_ text: String) {
    channel.writeAndFlush(IOData.byteBuffer(ByteBuffer(string: text)), promise: nil)
  }

  /// The pieces sent since it was last asked.
  private func sent() throws -> [String] {
    var pieces: [String] = []
    while let bytes = try channel.readOutbound(as: ByteBuffer.self) { pieces.append(String(buffer: bytes)) }
    return pieces
  }

  /// What is sent within the next milliseconds.
  private func sent(within milliseconds: Int64) throws -> [String] {
    channel.embeddedEventLoop.advanceTime(by: .milliseconds(milliseconds))
    return try sent()
  }

  private func sendHead(_ pace: HeadPace) {
    slowHead.expect(pace)
    write(Self.statusLine + Self.fields)
  }

  @Test func aDribbleIsByteByByteOverItsTime() throws {
    let head = Self.statusLine + Self.fields
    #expect(head.utf8.count == 36)
    // A byte every 10 ms.
    sendHead(HeadPace(dribble: 350))
    var pieces = try sent()
    #expect(pieces == ["H"])
    pieces += try sent(within: 175)
    #expect(pieces.count == 18)
    pieces += try sent(within: 174)
    #expect(pieces.count == 35)
    pieces += try sent(within: 1)
    #expect(pieces == head.utf8.map { String(UnicodeScalar($0)) })
  }

  @Test func aGapStandsBehindTheStatusLine() throws {
    sendHead(HeadPace(gap: 100))
    #expect(try sent() == [Self.statusLine])
    #expect(try sent(within: 99) == [])
    #expect(try sent(within: 1) == [Self.fields])
  }

  @Test(arguments: [0, 50]) func halfAHeadNeverEnds(dribble: Int) throws {
    sendHead(HeadPace(dribble: dribble, isHalf: true))
    let head = try (sent() + sent(within: 3_600_000)).joined()
    #expect(head == Self.statusLine + "content-t")
  }

  @Test func whatFollowsNeverOvertakes() throws {
    sendHead(HeadPace(gap: 100))
    write("body")
    #expect(try sent() == [Self.statusLine, Self.fields, "body"])
    #expect(try sent(within: 1000) == [])
  }

  @Test func withoutBeingAskedItPassesAllOn() throws {
    write(Self.statusLine)
    write("body")
    #expect(try sent() == [Self.statusLine, "body"])
  }
}
