import Dispatch
import Testing
import Upstream

@Suite("Responses that come compressed", .timeLimit(.minutes(1)))
struct CompressionTests {
  private static func head(_ coding: String) -> String {
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Encoding: \(coding)\r\n"
      + "Transfer-Encoding: chunked\r\n\r\n"
  }

  @Test func eachEventArrivesWhenItIsFlushed() async throws {
    let seen = DispatchSemaphore(value: 0)
    let events = (0..<20).map { "data: event \($0)\n\n" }
    try await Rig.run { connection in
      guard connection.request() != nil else { return }
      connection.send(Self.head("gzip"))
      let compressor = Compressor()
      for event in events {
        connection.chunk(compressor.compress(Array(event.utf8)))
        if seen.wait(timeout: .now() + 20) == .timedOut { return }  // the client has it before the next is sent
      }
      connection.chunk(compressor.compress([], end: true))
      connection.chunk("")
    } _: { rig async throws in
      let recorder = Recorder { _, _ in
        seen.signal()
        return .proceed
      }
      rig.start(recorder)
      let record = try await recorder.finish()
      #expect(record.outcome == .complete)
      #expect(record.text == events.joined())
      #expect(record.pieces == events.count)
      #expect(record.head?.contentType == "text/event-stream")
      #expect(rig.pool.gauges().bytesReceived == events.joined().utf8.count)
    }
  }

  @Test(arguments: ["gzip", "x-gzip", "GZIP", "deflate"])
  func aWholeAnswer(coding: String) async throws {
    let text = String(repeating: "{\"text\": \"some answer\"}", count: 10_000)
    try await Rig.run { connection in
      guard connection.request() != nil else { return }
      let bytes = Compressor.whole(text, coding == "deflate" ? .zlib : .gzip)
      connection.send("HTTP/1.1 200 OK\r\nContent-Encoding: \(coding)\r\nContent-Length: \(bytes.count)\r\n\r\n")
      connection.send(bytes)
    } _: { rig async throws in
      let record = try await rig.fetch()
      #expect(record.outcome == .complete)
      #expect(record.text == text)
    }
  }

  @Test func identityIsNoCoding() async throws {
    try await Rig.run { connection in
      guard connection.request() != nil else { return }
      connection.respond("as it is", headers: "Content-Encoding: identity\r\n")
    } _: { rig async throws in
      #expect(try await rig.fetch().text == "as it is")
    }
  }

  @Test(arguments: ["br", "zstd", "gzip, gzip", "invented"])
  func anUnknownCoding(coding: String) async throws {
    try await Rig.run { connection in
      guard connection.request() != nil else { return }
      connection.respond("whatever", headers: "Content-Encoding: \(coding)\r\n")
    } _: { rig async throws in
      let record = try await rig.fetch()
      #expect(record.outcome?.error?.code == .malformed)
      #expect(record.outcome?.error?.cause == "unknown content coding")
      #expect(record.head == nil)
    }
  }

  @Test func brokenInTheMiddle() async throws {
    try await Rig.run { connection in
      guard connection.request() != nil else { return }
      connection.send(Self.head("gzip"))
      connection.chunk(Compressor().compress(Array("data: a\n\n".utf8)))
      connection.chunk("this is no gzip")
      _ = connection.closedByClient()
    } _: { rig async throws in
      let record = try await rig.fetch()
      #expect(record.outcome?.error?.code == .malformed)
      #expect(record.outcome?.error?.beforeFirstByte == false)
      #expect(record.text == "data: a\n\n")
    }
  }

  @Test func cutOffWithinTheCoding() async throws {
    try await Rig.run { connection in
      guard connection.request() != nil else { return }
      connection.send(Self.head("gzip"))
      connection.chunk(Compressor().compress(Array("data: a\n\n".utf8)))
      connection.chunk("")  // HTTP says that this is all, gzip that it is not
    } _: { rig async throws in
      let record = try await rig.fetch()
      #expect(record.outcome?.error?.code == .truncated)
      #expect(record.text == "data: a\n\n")
    }
  }

  /// 64 MB in 64 KB: a sink that stops at each piece gets no more than one.
  @Test func aBombWaitsCompressedWhileThePauseLasts() async throws {
    let size = 64 << 20
    let bomb: [UInt8] = {
      let compressor = Compressor()
      let block = [UInt8](repeating: 0x20, count: 1 << 20)
      return (0..<size >> 20).reduce(into: []) { bomb, _ in bomb += compressor.compress(block) }
        + compressor.compress([], end: true)
    }()
    try await Rig.run { connection in
      guard connection.request() != nil else { return }
      connection.send("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: \(bomb.count)\r\n\r\n")
      connection.send(bomb)
    } _: { rig async throws in
      let sink = Counter(pauses: 200)
      let transfer = rig.pool.start(UpstreamRequest(url: rig.server.url()), sink: sink)
      for pause in 1...200 {
        try await sink.pieces.wait { $0 >= pause }
        #expect(sink.pieces.value == pause)
        transfer.resume()
      }
      #expect(try await sink.outcome.wait { $0 != nil } == .complete)
      #expect(sink.bytes.value == size)
      #expect(sink.largest.value <= 16_384)
    }
  }

  /// Counts instead of keeping; pauses at each of the first pieces.
  private final class Counter: TransferSink {
    let pieces = Watched(0)
    let bytes = Watched(0)
    let largest = Watched(0)
    let outcome = Watched<TransferOutcome?>(nil)
    private let pauses: Int

    init(pauses: Int) { self.pauses = pauses }

    func received(head: ResponseHead) {}

    func received(body: UnsafeRawBufferPointer) -> TransferFlow {
      let count = body.count
      bytes.update { $0 += count }
      largest.update { $0 = max($0, count) }
      pieces.update { $0 += 1 }
      return pieces.value <= pauses ? .pause : .proceed
    }

    func finished(_ outcome: TransferOutcome) { self.outcome.update { $0 = outcome } }
  }
}
