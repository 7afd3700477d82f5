import EventLoop
import Glibc
import Testing
import Upstream

/// Over sockets and by the real clock: never early, and at most `late` milliseconds after. A busy machine may be later,
/// but not each time.
@Suite("When limits fire", .timeLimit(.minutes(3)), .serialized)
struct TimeoutTests {
  private let late = 500
  private let attempts = 5

  /// Runs transfers against `script` until one is in time, and checks that each fails with `code`, not before `limit`
  /// milliseconds after `origin`.
  private func expect(
    _ code: TransferError.Code, after limit: Int, of limits: UpstreamRequest.Limits, url: String? = nil,
    from origin: Origin = .start, recorder: @autoclosure () -> Recorder = Recorder(),
    script: @escaping ScriptedServer.Script = { _ in }
  ) async throws -> Recorder.Record {
    for left in (0..<attempts).reversed() {
      let (record, delay) = try await attempt(
        code, after: limit, of: limits, url: url, from: origin, recorder: recorder(), script: script)
      if delay <= late { return record }
      try #require(left > 0, "late by \(delay) ms")
    }
    preconditionFailure("the last attempt returns or throws")
  }

  /// One transfer, and how many milliseconds after the limit it ended.
  private func attempt(
    _ code: TransferError.Code, after limit: Int, of limits: UpstreamRequest.Limits, url: String?,
    from origin: Origin, recorder: Recorder, script: @escaping ScriptedServer.Script
  ) async throws -> (Recorder.Record, delay: Int) {
    var ended: (Recorder.Record, delay: Int)?
    try await Rig.run(script: script) { rig async throws in
      let start = Instant.now()
      rig.start(recorder, url: url, limits: limits)
      let end = try await recorder.finish()
      let finished = try #require(end.finishedAt)
      #expect(end.outcome?.error?.code == code)
      // The sink reads its clock a little after the transfer did.
      let (from, slack) = try origin == .start ? (start, 0) : (#require(end.lastPieceAt), 50)
      let elapsed = finished.milliseconds(since: from)
      #expect(elapsed >= limit - slack)
      ended = (end, elapsed - limit)
    }
    return try #require(ended)
  }

  private enum Origin { case start, lastPiece }

  @Test func nobodyAccepts() async throws {
    // A full queue of a socket that nobody accepts from: the kernel drops further SYNs.
    let (listener, port) = ScriptedServer.listen(backlog: 0)
    let fillers = (0..<4).map { _ in ScriptedServer.dial(port: port) }
    defer { for descriptor in fillers + [listener] { close(descriptor) } }
    _ = try await expect(
      .connectTimeout, after: 300, of: .init(connect: 300), url: "http://127.0.0.1:\(port)/")
  }

  @Test func noHandshake() async throws {
    let (listener, port) = ScriptedServer.listen(backlog: 8)  // the kernel connects, nobody speaks
    defer { close(listener) }
    _ = try await expect(
      .connectTimeout, after: 300, of: .init(connect: 300), url: "https://127.0.0.1:\(port)/")
  }

  @Test func noStatusLine() async throws {
    let closed = Watched(false)
    let record = try await expect(.firstByteTimeout, after: 300, of: .init(firstByte: 300)) { connection in
      guard connection.request() != nil else { return }
      let seen = connection.closedByClient()
      closed.update { $0 = seen }
    }
    #expect(record.head == nil)
    #expect(record.outcome?.error == TransferError(.firstByteTimeout))
    try await closed.wait { $0 }
  }

  @Test func anInterimResponseIsNoFirstByte() async throws {
    _ = try await expect(.firstByteTimeout, after: 300, of: .init(firstByte: 300)) { connection in
      guard connection.request() != nil else { return }
      connection.send("HTTP/1.1 103 Early Hints\r\n\r\n")
      _ = connection.closedByClient()
    }
  }

  @Test func headAndCommentsAreNoToken() async throws {
    let record = try await expect(
      .firstTokenTimeout, after: 300, of: .init(firstByte: 200, firstToken: 300, idle: 50),
      recorder: Recorder { _, _ in .idle }
    ) { connection in
      guard connection.request() != nil else { return }
      connection.send(ServedConnection.chunkedHead)
      // A comment every few milliseconds until the client has closed.
      while connection.send(Array("6\r\n: up\n\n\r\n".utf8)) { usleep(5_000) }
    }
    #expect(record.pieces > 1)
    #expect(record.outcome?.error == TransferError(.firstTokenTimeout, beforeFirstByte: false))
  }

  @Test func silenceAfterATokenIsIdle() async throws {
    let record = try await expect(
      .idleTimeout, after: 300, of: .init(firstToken: 200, idle: 300), from: .lastPiece
    ) { connection in
      guard connection.request() != nil else { return }
      connection.send(ServedConnection.chunkedHead)
      connection.chunk("data: a\n\n")
      _ = connection.closedByClient()
    }
    #expect(record.outcome?.error == TransferError(.idleTimeout, beforeFirstByte: false))
    #expect(record.text == "data: a\n\n")
  }

  @Test func aShortIdleLimitAfterALongWaitForTheToken() async throws {
    // The timer that was set for the first token must not be what ends the silence after it.
    _ = try await expect(
      .idleTimeout, after: 100, of: .init(firstToken: 20_000, idle: 100), from: .lastPiece
    ) { connection in
      guard connection.request() != nil else { return }
      connection.send(ServedConnection.chunkedHead)
      connection.chunk("data: a\n\n")
      _ = connection.closedByClient()
    }
  }

  @Test func commentsDoNotMaskAnIdleUpstream() async throws {
    let record = try await expect(
      .idleTimeout, after: 300, of: .init(idle: 300),
      recorder: Recorder { _, piece in piece.first == UInt8(ascii: ":") ? .idle : .proceed }
    ) { connection in
      guard connection.request() != nil else { return }
      connection.send(ServedConnection.chunkedHead + "9\r\ndata: a\n\n\r\n")
      while connection.send(Array("6\r\n: up\n\n\r\n".utf8)) { usleep(5_000) }
    }
    #expect(record.pieces > 1)
  }

  @Test func dataNeverEndIsTooLongInAll() async throws {
    let record = try await expect(.totalTimeout, after: 300, of: .init(idle: 100, total: 300)) { connection in
      guard connection.request() != nil else { return }
      connection.send(ServedConnection.chunkedHead)
      while connection.send(Array("1\r\na\r\n".utf8)) { usleep(5_000) }
    }
    #expect(record.pieces > 1)
  }

  @Test func theTotalLimitRunsWhilePaused() async throws {
    let record = try await expect(
      .totalTimeout, after: 300, of: .init(firstToken: 100, idle: 100, total: 300),
      recorder: Recorder { _, _ in .pause }
    ) { connection in
      guard connection.request() != nil else { return }
      connection.send(ServedConnection.chunkedHead)
      connection.chunk("a")
      _ = connection.closedByClient()
    }
    #expect(record.pieces == 1)
  }
}
