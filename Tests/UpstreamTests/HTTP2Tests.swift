import EventLoop
import Glibc
import Testing
import Upstream

/// Against nginx, which speaks HTTP/2 and passes streams on to the scripted server.
@Suite("HTTP/2", .timeLimit(.minutes(1)))
struct HTTP2Tests {
  /// An nginx with TLS and HTTP/2, in the clear with HTTP/2, and with TLS and HTTP/1.1, in this order.
  private struct Front {
    let authority: Authority
    let front: TLSFront

    init(_ server: ScriptedServer, directives: String = "") throws {
      authority = try Authority()
      let identity = try authority.issue("server")
      let pass = "proxy_pass http://127.0.0.1:\(server.port)/; proxy_buffering off; proxy_http_version 1.1;"
      let all = """
        \(directives)
        location = /seen { return 200 "$server_protocol $connection"; }
        location /pass/ { \(pass) proxy_set_header Connection ""; }
        """
      front = try TLSFront(
        ["ssl http2", "http2", "ssl"].map { .init(identity: identity, listen: $0, directives: all) },
        in: authority.folder)
    }

    var tls: UpstreamTLS { UpstreamTLS(caBundle: authority.bundle) }
    func url(_ path: String, site: Int = 0) -> String {
      site == 1 ? "http://127.0.0.1:\(front.port(1))\(path)" : front.url(site, path: path)
    }
  }

  private static let streaming: ScriptedServer.Script = { connection in
    while let request = connection.request() {
      connection.send(ServedConnection.chunkedHead)
      for number in 0..<20 { connection.chunk("data: \(number)\n\n") }
      connection.chunk(request.hasPrefix("POST /long") ? String(repeating: "x", count: 200_000) : "data: end\n\n")
      connection.chunk("")
    }
  }

  @Test(arguments: [(0, "HTTP/2.0"), (1, "HTTP/2.0"), (2, "HTTP/1.1")])
  func whatIsSpoken(site: Int, version: String) async throws {
    try await Rig.run(script: { _ in }) { rig async throws in
      let front = try Front(rig.server)
      let url = front.url("/seen", site: site)
      var seen: Set<String> = []
      for _ in 0..<3 {
        let record = try await rig.fetch(url: url, tls: front.tls, version: .http2)
        #expect(record.outcome == .complete)
        #expect(record.head?.contentType == "text/plain")
        seen.insert(record.text)
      }
      if site != 1 { #expect(seen.count == 1) }  // one connection
      #expect(seen.allSatisfy { $0.hasPrefix(version) })
      // HTTP/1.1 does not ride on it.
      if site == 0 {
        #expect(try await rig.fetch(url: url, tls: front.tls).text.hasPrefix("HTTP/1.1"))
      }
    }
  }

  @Test(arguments: [0, 1, 2])
  func streamsShareConnectionsAndAreWhole(site: Int) async throws {
    try await Rig.run(script: Self.streaming) { rig async throws in
      let front = try Front(rig.server)
      let recorders = (0..<60).map { _ in Recorder() }
      for (index, recorder) in recorders.enumerated() {
        let path = index % 10 == 0 ? "/pass/long" : "/pass/"
        rig.start(recorder, url: front.url(path, site: site), tls: front.tls, version: .http2)
      }
      let words = (0..<20).map { "data: \($0)\n\n" }.joined()
      for (index, recorder) in recorders.enumerated() {
        let record = try await recorder.finish()
        #expect(record.outcome == .complete)
        let isWhole =
          record.text == words + (index % 10 == 0 ? String(repeating: "x", count: 200_000) : "data: end\n\n")
        #expect(isWhole, "\(index): \(record.body.count)")
      }
      // nginx numbers its connections, those to the scripted server as well.
      let seen = try await rig.fetch(url: front.url("/seen", site: site), tls: front.tls, version: .http2).text
      if site == 0 { #expect(seen.hasSuffix(" 1"), "\(seen)") }
    }
  }

  /// More than libcurl reads at once, for each of them: none may be left lying.
  @Test(arguments: [0, 1])
  func longAnswersAtOnceAreWhole(site: Int) async throws {
    let size = 1 << 20
    let body = String(repeating: "x", count: size)
    try await Rig.run { connection in
      while connection.request() != nil { connection.respond(body) }
    } _: { rig async throws in
      let front = try Front(rig.server)
      for _ in 0..<5 {
        let recorders = (0..<20).map { _ in Recorder() }
        for recorder in recorders {
          rig.start(recorder, url: front.url("/pass/", site: site), tls: front.tls, version: .http2)
        }
        for recorder in recorders {
          let record = try await recorder.finish()
          #expect(record.outcome == .complete)
          #expect(record.body.count == size)
        }
      }
    }
  }

  @Test func moreStreamsThanTheServerAllows() async throws {
    try await Rig.run(script: Self.streaming) { rig async throws in
      let front = try Front(rig.server, directives: "http2_max_concurrent_streams 4;")
      let recorders = (0..<40).map { _ in Recorder() }
      for recorder in recorders {
        rig.start(recorder, url: front.url("/pass/"), tls: front.tls, version: .http2)
      }
      for recorder in recorders {
        let record = try await recorder.finish()
        #expect(record.outcome == .complete)
        #expect(record.text.hasSuffix("data: end\n\n"))
      }
    }
  }

  /// Streams a word every few milliseconds until the client goes.
  private static func ticking(_ gone: Watched<Int>) -> ScriptedServer.Script {
    { connection in
      guard let request = connection.request() else { return }
      connection.send(ServedConnection.chunkedHead)
      // Much at once, where asked for.
      if request.hasPrefix("POST /flood") {
        while connection.send(Array("1000\r\n\(String(repeating: "x", count: 4_096))\r\n".utf8)) {}
      } else {
        while connection.send(Array("5\r\ntick \r\n".utf8)) { usleep(5_000) }
      }
      gone.update { $0 += 1 }
    }
  }

  @Test func cancellingOneLeavesTheOthers() async throws {
    let gone = Watched(0)
    try await Rig.run(script: Self.ticking(gone)) { rig async throws in
      let front = try Front(rig.server)
      let recorders = (0..<4).map { _ in Recorder() }
      let transfers = recorders.map { rig.start($0, url: front.url("/pass/"), tls: front.tls, version: .http2) }
      for recorder in recorders { try await recorder.record.wait { $0.pieces > 2 } }
      transfers[1].cancel()
      #expect(try await recorders[1].finish().outcome == .cancelled)
      try await gone.wait { $0 == 1 }  // the stream was closed, not only forgotten
      for index in [0, 2, 3] {
        let pieces = recorders[index].record.value.pieces
        try await recorders[index].record.wait { $0.pieces > pieces + 2 }
      }
      #expect(try await rig.fetch(url: front.url("/seen"), tls: front.tls, version: .http2).text == "HTTP/2.0 1")
      #expect(gone.value == 1)
    }
  }

  @Test func aPausedStreamHoldsNobodyUp() async throws {
    try await Rig.run(script: Self.ticking(Watched(0))) { rig async throws in
      let front = try Front(rig.server)
      let paused = Recorder { recorder, _ in recorder.record.value.pieces == 1 ? .pause : .proceed }
      let other = Recorder()
      let transfer = rig.start(paused, url: front.url("/pass/"), tls: front.tls, version: .http2)
      try await paused.record.wait { $0.pieces == 1 }
      rig.start(other, url: front.url("/pass/"), tls: front.tls, version: .http2)
      try await other.record.wait { $0.pieces > 50 }
      let held = paused.record.value
      #expect(held.pieces == 1)
      transfer.resume()
      // What was held comes first, and nothing is lost.
      let record = try await paused.record.wait { $0.body.count > held.body.count + 200 }
      #expect(record.text.split(separator: " ").dropLast().allSatisfy { $0 == "tick" })
    }
  }

  /// Its siblings starve once 64 KB are held, but not for longer than its idle limit.
  @Test func aPauseUnderAFloodIsEnded() async throws {
    try await Rig.run(script: Self.ticking(Watched(0))) { rig async throws in
      let front = try Front(rig.server)
      let flooded = Recorder { _, _ in .pause }
      let other = Recorder()
      rig.start(other, url: front.url("/pass/"), tls: front.tls, version: .http2)
      try await other.record.wait { $0.pieces > 1 }
      rig.start(flooded, url: front.url("/pass/flood"), limits: .init(idle: 700), tls: front.tls, version: .http2)
      let record = try await flooded.finish()
      #expect(record.outcome?.error?.code == .idleTimeout)
      #expect(record.body.count < 256 << 10)
      let pieces = other.record.value.pieces
      try await other.record.wait { $0.pieces > pieces + 20 }
    }
  }

  @Test func aPausedStreamThatEndsTellsAllItHeld() async throws {
    try await Rig.run(script: Self.streaming) { rig async throws in
      let front = try Front(rig.server)
      let recorder = Recorder { _, _ in .pause }
      rig.start(recorder, url: front.url("/pass/"), tls: front.tls, version: .http2)
      let record = try await recorder.finish()
      #expect(record.outcome == .complete)
      #expect(record.text.hasSuffix("data: end\n\n"))
    }
  }

  @Test func aProxyThatIsAskedForTheURLIsAskedByHTTP1() async throws {
    let proxy = ScriptedServer { connection in
      while let request = connection.request() {
        connection.respond(request.contains("http://provider.invalid/ HTTP/1.1") ? "one" : "other")
      }
    }
    defer { proxy.stop() }
    let settings = UpstreamSettings(proxy: try UpstreamProxy("http://127.0.0.1:\(proxy.port)"))
    try await Rig.run(settings: settings, script: { _ in }) { rig async throws in
      #expect(try await rig.fetch(url: "http://provider.invalid/", version: .http2).text == "one")
    }
  }

  @Test func aServerThatDoesNotSpeakItInTheClear() async throws {
    try await Rig.run { connection in
      _ = connection.take(1)
      connection.respond("no", status: "400 Bad Request")
    } _: { rig async throws in
      let error = try await rig.fetch(version: .http2).outcome?.error
      #expect(error?.beforeFirstByte == true)
    }
  }
}
