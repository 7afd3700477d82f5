import Dispatch
import Testing
import Upstream

@Suite("What a transfer delivers", .timeLimit(.minutes(1)))
struct StreamTests {
  @Test func aChunkedStreamArrivesWholeAndInOrder() async throws {
    let words = (0..<200).map { "data: word \($0)\n\n" }
    try await Rig.run { connection in
      guard connection.request() != nil else { return }
      connection.send(ServedConnection.chunkedHead)
      for word in words { connection.chunk(word) }
      connection.chunk("")
    } _: { rig async throws in
      let record = try await rig.fetch()
      #expect(record.outcome == .complete)
      #expect(record.head == ResponseHead(status: 200, contentType: "text/event-stream"))
      #expect(record.text == words.joined())
    }
  }

  @Test func aResponseCutAtEveryByteIsTheSame() async throws {
    try await Rig.run { connection in
      guard connection.request() != nil else { return }
      let body = "5\r\nhello\r\n3;x=y\r\n, w\r\n4\r\norld\r\n0\r\nX-Trailer: 1\r\n\r\n"
      for byte in Array((ServedConnection.chunkedHead + body).utf8) { connection.send([byte]) }
    } _: { rig async throws in
      let record = try await rig.fetch()
      #expect(record.outcome == .complete)
      #expect(record.text == "hello, world")
    }
  }

  @Test func theRequestArrivesAsDescribed() async throws {
    let seen = Watched("")
    try await Rig.run { connection in
      guard let request = connection.request() else { return }
      seen.update { $0 = request }
      connection.respond("")
    } _: { rig async throws in
      let recorder = Recorder()
      rig.start(
        recorder, path: "/v1/chat?x=1", headers: [("Authorization", "Bearer k"), ("X-Empty", "")],
        body: Array("{\"a\":1}".utf8))
      #expect(try await recorder.finish().outcome == .complete)
      let request = seen.value
      #expect(request.hasPrefix("POST /v1/chat?x=1 HTTP/1.1\r\n"))
      #expect(request.hasSuffix("\r\n\r\n{\"a\":1}"))
      let lines = request.split(separator: "\r\n").map(String.init)
      for line in ["Authorization: Bearer k", "X-Empty:", "Accept-Encoding: identity", "User-Agent: sluice"] {
        #expect(lines.contains(line))
      }
      #expect(!request.contains("Expect:"))
    }
  }

  @Test(arguments: [UpstreamRequest.Method.get, .post])
  func aRequestNeedsNoBody(method: UpstreamRequest.Method) async throws {
    try await Rig.run { connection in
      guard let request = connection.request() else { return }
      connection.respond(String(request.prefix { $0 != " " }))
    } _: { rig async throws in
      let recorder = Recorder()
      rig.start(recorder, method: method, body: [])
      #expect(try await recorder.finish().text == (method == .get ? "GET" : "POST"))
    }
  }

  @Test func theNextTransferReusesTheConnection() async throws {
    try await Rig.run { connection in
      while connection.request() != nil { connection.respond("again") }
    } _: { rig async throws in
      for _ in 0..<3 { #expect(try await rig.fetch().text == "again") }
      #expect(rig.server.accepted.value == 1)
    }
  }

  @Test func aKeptConnectionThatDiedIsReplaced() async throws {
    try await Rig.run { connection in
      guard connection.request() != nil else { return }
      connection.respond("once")
    } _: { rig async throws in
      for turn in 1...3 {
        #expect(try await rig.fetch().outcome == .complete)
        try await rig.server.ended.wait { $0 == turn }
      }
      #expect(rig.server.accepted.value == 3)
    }
  }

  @Test func anErrorStatusComesWithItsBody() async throws {
    try await Rig.run { connection in
      guard connection.request() != nil else { return }
      connection.respond(
        "{\"error\":1}", status: "429 Slow down",
        headers: "Content-Type: application/json\r\nRetry-After: 7\r\nX-Request-ID: req-1\r\n")
    } _: { rig async throws in
      let record = try await rig.fetch()
      #expect(record.outcome == .complete)
      #expect(
        record.head
          == ResponseHead(status: 429, contentType: "application/json", retryAfter: 7, requestID: "req-1"))
      #expect(record.text == "{\"error\":1}")
    }
  }

  @Test(arguments: [301, 302, 303, 307, 308])
  func aRedirectIsDeliveredAndNotFollowed(status: Int) async throws {
    let asked = Watched<[String]>([])
    try await Rig.run { connection in
      while let request = connection.request() {
        asked.update { $0.append(String(request.prefix { $0 != "\r\n" })) }
        connection.respond("moved", status: "\(status) Elsewhere", headers: "Location: /b\r\n")
      }
    } _: { rig async throws in
      let record = try await rig.fetch("/a")
      #expect(record.outcome == .complete)
      #expect(record.head?.status == status)
      #expect(record.text == "moved")
      #expect(asked.value == ["POST /a HTTP/1.1"])
    }
  }

  @Test func anInterimResponseIsSkipped() async throws {
    try await Rig.run { connection in
      guard connection.request() != nil else { return }
      connection.send("HTTP/1.1 103 Early Hints\r\nX-Request-ID: no\r\n\r\n")
      connection.respond("yes", headers: "request-id: yes\r\n")
    } _: { rig async throws in
      let record = try await rig.fetch()
      #expect(record.head == ResponseHead(status: 200, requestID: "yes"))
      #expect(record.text == "yes")
    }
  }

  @Test func twoHundredTransfersRunAtOnce() async throws {
    let together = Watched(0)
    let gate = DispatchSemaphore(value: 0)
    try await Rig.run(loops: 2) { connection in
      guard let request = connection.request() else { return }
      let path = request.split(separator: " ")[1]
      connection.send(ServedConnection.chunkedHead)
      connection.chunk(String(path))
      together.update { $0 += 1 }
      gate.wait()
      for index in 0..<20 { connection.chunk(",\(index)") }
      connection.chunk("")
    } _: { rig async throws in
      let recorders = (0..<200).map { _ in Recorder() }
      for (index, recorder) in recorders.enumerated() { rig.start(recorder, path: "/\(index)") }
      try await together.wait { $0 == 200 }
      let gauges = rig.pool.gauges()
      #expect((gauges.running, gauges.queued, gauges.connecting, gauges.started) == (200, 0, 0, 200))
      for _ in 0..<200 { gate.signal() }
      let tail = (0..<20).map { ",\($0)" }.joined()
      for (index, recorder) in recorders.enumerated() {
        let record = try await recorder.finish()
        #expect(record.outcome == .complete)
        #expect(record.text == "/\(index)" + tail)
      }
    }
  }
}
