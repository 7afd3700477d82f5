import Dispatch
import Glibc
import Testing
import Upstream

@Suite("How a transfer fails", .timeLimit(.minutes(1)))
struct FailureTests {
  /// Runs one transfer against `script` and returns its error, and what had come before.
  private func failure(
    limits: UpstreamRequest.Limits = .init(), _ script: @escaping ScriptedServer.Script
  ) async throws -> (error: TransferError?, record: Recorder.Record) {
    var found: Recorder.Record?
    try await Rig.run(script: script) { found = try await $0.fetch(limits: limits) }
    let record = try #require(found)
    return (record.outcome?.error, record)
  }

  @Test func refusedConnection() async throws {
    let (descriptor, port) = ScriptedServer.listen(backlog: 1)
    close(descriptor)
    try await Rig.run(script: { _ in }) { rig async throws in
      let recorder = Recorder()
      rig.start(recorder, url: "http://127.0.0.1:\(port)/")
      let error = try await recorder.finish().outcome?.error
      #expect(error?.code == .connect)
      #expect(error?.beforeFirstByte == true)
      #expect(error?.cause.isEmpty == false)
    }
  }

  @Test func unknownHost() async throws {
    try await Rig.run(script: { _ in }) { rig async throws in
      let recorder = Recorder()
      // A label longer than 63 bytes is refused by the resolver itself, without asking the network.
      rig.start(recorder, url: "http://\(String(repeating: "a", count: 64)).invalid/")
      #expect(try await recorder.failure() == .resolve)
    }
  }

  @Test func plainTextWhereTLSWasExpected() async throws {
    try await Rig.run { connection in
      connection.send("HTTP/1.1 400 Bad Request\r\n\r\n")
    } _: { rig async throws in
      let recorder = Recorder()
      rig.start(recorder, url: rig.server.url(scheme: "https"))
      #expect(try await recorder.failure() == .tls)
    }
  }

  @Test func closedWithoutAnAnswer() async throws {
    let (error, _) = try await failure { _ = $0.request() }
    #expect(error?.code == .reset)
    #expect(error?.beforeFirstByte == true)
  }

  @Test func resetInTheMiddle() async throws {
    let seen = DispatchSemaphore(value: 0)
    try await Rig.run { connection in
      guard connection.request() != nil else { return }
      connection.send(ServedConnection.chunkedHead)
      connection.chunk("data: a\n\n")
      seen.wait()
      connection.reset()
    } _: { rig async throws in
      let recorder = Recorder { _, _ in
        seen.signal()
        return .proceed
      }
      rig.start(recorder)
      let record = try await recorder.finish()
      #expect(record.outcome?.error?.code == .reset)
      #expect(record.outcome?.error?.beforeFirstByte == false)
      #expect(record.text == "data: a\n\n")
    }
  }

  @Test(arguments: [
    "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
    "Transfer-Encoding: chunked\r\n\r\n7\r\nhello",
    "Content-Length: 9\r\n\r\nhello",
  ])
  func aBodyCutOffIsNeverComplete(rest: String) async throws {
    let (error, record) = try await failure { connection in
      guard connection.request() != nil else { return }
      connection.send("HTTP/1.1 200 OK\r\n" + rest)
    }
    #expect(error?.code == .truncated)
    #expect(record.text == "hello")
  }

  @Test(arguments: ["SSH-2.0-OpenSSH_9.2\r\n", "HTTP/1.1 2x0 OK\r\n\r\n"])
  func whatIsNoResponse(answer: String) async throws {
    let (error, record) = try await failure { connection in
      guard connection.request() != nil else { return }
      connection.send(answer)
    }
    #expect(error?.code == .malformed)
    #expect(record.head == nil)
  }

  @Test func aHeadWithoutEnd() async throws {
    let (error, _) = try await failure { connection in
      guard connection.request() != nil else { return }
      connection.send("HTTP/1.1 200 OK\r\n")
      while connection.send(Array("X-More: and more\r\n".utf8)) {}
    }
    #expect(error?.code == .malformed)
  }

  @Test(arguments: [
    "ftp://127.0.0.1/", "file:///etc/passwd", "http://u:p@127.0.0.1/", "http://127.0.0.1/a b", "127.0.0.1/",
  ])
  func aURLThatIsRefused(url: String) async throws {
    try await Rig.run(script: { _ in }) { rig async throws in
      let recorder = Recorder()
      rig.start(recorder, url: url)
      #expect(try await recorder.failure() == .refusedURL)
    }
  }

  @Test(arguments: [("X-A", "1\r\nX-B: 2"), ("X A", "1"), ("", "1"), ("X:", "1"), ("X", "\0")])
  func aHeaderThatIsRefused(name: String, value: String) async throws {
    try await Rig.run(script: { _ in }) { rig async throws in
      let recorder = Recorder()
      rig.start(recorder, headers: [(name, value)])
      #expect(try await recorder.finish().outcome == .failed(TransferError(.refusedHeader)))
    }
  }

  @Test func aBundleThatCannotBeReadRefusesThePool() async throws {
    let error = await #expect(throws: TransferError.self) {
      try await Rig.run(settings: UpstreamSettings(caBundle: "/nowhere/bundle.pem"), script: { _ in }) { _ in }
    }
    #expect(error?.code == .tlsFile)
    #expect(error?.cause.contains("/nowhere/bundle.pem") == true)
  }
}
