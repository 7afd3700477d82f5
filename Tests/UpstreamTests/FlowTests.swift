import Dispatch
import EventLoop
import Synchronization
import Testing
import Upstream

@Suite("Pause, resume and cancel", .timeLimit(.minutes(1)))
struct FlowTests {
  @Test func aPausedTransferHoldsTheServerBackAndLosesNothing() async throws {
    // 32 MB that do not repeat at any power of two.
    let block = (0..<65_521).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ $0 >> 8) }
    let pattern = (0..<512).reduce(into: [UInt8]()) { pattern, _ in pattern += block }
    let pauseAt = 1 << 20
    let stalledAt = Watched(0)
    try await Rig.run { connection in
      guard connection.request() != nil else { return }
      connection.send("HTTP/1.1 200 OK\r\nContent-Length: \(pattern.count)\r\n\r\n")
      var sent = 0
      while sent < pattern.count, let more = connection.offer(pattern[sent..<min(sent + 65_536, pattern.count)]) {
        sent += more
      }
      let rest = Array(pattern[sent...])
      stalledAt.update { $0 = sent }
      connection.send(rest)
    } _: { rig async throws in
      let size = Watched(0)
      let recorder = Recorder { _, piece in
        size.update { $0 += piece.count }
        return size.value >= pauseAt && size.value - piece.count < pauseAt ? .pause : .proceed
      }
      let transfer = rig.start(recorder, limits: .init(idle: 250))  // does not run while paused
      let sent = try await stalledAt.wait { $0 > 0 }
      let held = recorder.record.value
      #expect(held.outcome == nil)
      #expect(held.body.count >= pauseAt && held.body.count <= pauseAt + 16_384)
      #expect(sent < pattern.count / 2)  // the kernel's buffers are full, and nobody else took it
      transfer.resume()
      let record = try await recorder.finish()
      #expect(record.outcome == .complete)
      let isWhole = record.body == pattern  // on its own: the difference of such arrays takes minutes
      #expect(isWhole)
    }
  }

  @Test func whatCameWithThePauseIsKeptForLater() async throws {
    try await Rig.run { connection in
      while let request = connection.request() {
        if request.hasPrefix("POST /other") {
          connection.respond("other")
        } else {
          connection.send(ServedConnection.chunkedHead + "1\r\na\r\n1\r\nb\r\n1\r\nc\r\n0\r\n\r\n")
        }
      }
    } _: { rig async throws in
      let recorder = Recorder { recorder, _ in recorder.record.value.pieces <= 2 ? .pause : .proceed }
      let transfer = rig.start(recorder)
      try await recorder.record.wait { $0.pieces == 1 }
      #expect(try await rig.fetch("/other").text == "other")  // the loop goes on meanwhile
      #expect(recorder.record.value.text == "a")
      #expect(recorder.record.value.outcome == nil)
      transfer.resume()
      try await recorder.record.wait { $0.pieces == 2 }  // libcurl may have joined what it held
      transfer.resume()
      let record = try await recorder.finish()
      #expect(record.outcome == .complete)
      #expect(record.text == "abc")
    }
  }

  @Test func aResumeThatOvertakesThePauseCounts() async throws {
    try await Rig.run { connection in
      guard connection.request() != nil else { return }
      connection.send(ServedConnection.chunkedHead)
      for index in 0..<100 { connection.chunk("\(index),") }
      connection.chunk("")
    } _: { rig async throws in
      let ready = DispatchSemaphore(value: 0)
      let recorder = Recorder { recorder, _ in
        ready.wait()
        ready.signal()
        recorder.transfer.withLock { $0 }?.resume()
        return .pause
      }
      rig.start(recorder)
      ready.signal()
      #expect(try await recorder.finish().text == (0..<100).map { "\($0)," }.joined())
    }
  }

  @Test func cancelInMidStreamClosesTheConnection() async throws {
    let closed = Watched(false)
    try await Rig.run { connection in
      guard connection.request() != nil else { return }
      connection.send(ServedConnection.chunkedHead)
      connection.chunk("a")
      let seen = connection.closedByClient()
      closed.update { $0 = seen }
    } _: { rig async throws in
      let recorder = Recorder()
      let transfer = rig.start(recorder)
      try await recorder.record.wait { $0.text == "a" }
      transfer.cancel()
      transfer.cancel()
      transfer.resume()
      #expect(try await recorder.finish().outcome == .cancelled)
      try await closed.wait { $0 }
    }
  }

  @Test func cancelWhilePausedClosesTheConnection() async throws {
    let closed = Watched(false)
    try await Rig.run { connection in
      guard connection.request() != nil else { return }
      connection.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\n")
      while connection.send([UInt8](repeating: 0x30, count: 1 << 16)) {}
      closed.update { $0 = true }
    } _: { rig async throws in
      let recorder = Recorder { _, _ in .pause }
      let transfer = rig.start(recorder)
      try await recorder.record.wait { $0.pieces == 1 }
      transfer.cancel()
      #expect(try await recorder.finish().outcome == .cancelled)
      try await closed.wait { $0 }
    }
  }

  @Test func cancelWhileWaitingForTheHeadClosesTheConnection() async throws {
    let (asked, closed) = (Watched(false), Watched(false))
    try await Rig.run { connection in
      guard connection.request() != nil else { return }
      asked.update { $0 = true }
      let seen = connection.closedByClient()
      closed.update { $0 = seen }
    } _: { rig async throws in
      let recorder = Recorder()
      let transfer = rig.start(recorder)
      try await asked.wait { $0 }
      transfer.cancel()
      let record = try await recorder.finish()
      #expect(record.outcome == .cancelled)
      #expect(record.head == nil)
      try await closed.wait { $0 }
    }
  }

  @Test func cancelInTheHandshakeClosesTheConnection() async throws {
    let (greeted, closed) = (Watched(false), Watched(false))
    try await Rig.run { connection in
      guard connection.take(5) != nil else { return }  // the beginning of a ClientHello, and no answer
      greeted.update { $0 = true }
      let seen = connection.closedByClient()
      closed.update { $0 = seen }
    } _: { rig async throws in
      let recorder = Recorder()
      let transfer = rig.start(recorder, url: rig.server.url(scheme: "https"))
      try await greeted.wait { $0 }
      #expect(rig.pool.gauges().connecting == 1)
      transfer.cancel()
      #expect(try await recorder.finish().outcome == .cancelled)
      try await closed.wait { $0 }
    }
  }

  @Test func cancelInANameLookUpIsNotHeldUpByIt() async throws {
    try await Rig.run { connection in
      while connection.request() != nil { connection.respond("other") }
    } _: { rig async throws in
      let (recorder, expired) = (Recorder(), Recorder())
      let transfer = rig.start(recorder, url: "http://\(SlowResolver.host)/")
      rig.start(expired, url: "http://\(SlowResolver.host)/", limits: .init(connect: 200))
      try await SlowResolver.waiting.wait { $0 == 2 }
      transfer.cancel()
      #expect(try await recorder.finish().outcome == .cancelled)
      #expect(try await expired.failure() == .connectTimeout)
      #expect(try await rig.fetch().text == "other")  // the loop is free
      #expect(SlowResolver.waiting.value == 2)  // although both look-ups still wait
      SlowResolver.answer()
    }
  }

  @Test func cancelBeforeTheLoopBeganOpensNoConnection() async throws {
    try await Rig.run { _ in
    } _: { rig async throws in
      let gate = DispatchSemaphore(value: 0)
      rig.loops.loops[0].submit { gate.wait() }
      let recorder = Recorder()
      rig.start(recorder).cancel()
      gate.signal()
      #expect(try await recorder.finish().outcome == .cancelled)
      #expect(rig.server.accepted.value == 0)
    }
  }

  @Test func cancelFromInsideTheCallbackIsTheLastPiece() async throws {
    let ready = DispatchSemaphore(value: 0)
    try await Rig.run { connection in
      guard connection.request() != nil else { return }
      ready.wait()
      connection.send(ServedConnection.chunkedHead + "1\r\na\r\n1\r\nb\r\n1\r\nc\r\n")
      _ = connection.closedByClient()
    } _: { rig async throws in
      let recorder = Recorder { recorder, _ in
        recorder.transfer.withLock { $0 }?.cancel()
        return .proceed
      }
      rig.start(recorder)
      ready.signal()
      let record = try await recorder.finish()
      #expect(record.outcome == .cancelled)
      #expect(record.text == "a")
    }
  }

  @Test func cancelAfterTheEndDoesNothing() async throws {
    try await Rig.run { connection in
      while connection.request() != nil { connection.respond("x") }
    } _: { rig async throws in
      let recorder = Recorder()
      let transfer = rig.start(recorder)
      #expect(try await recorder.finish().outcome == .complete)
      transfer.cancel()
      transfer.resume()
      #expect(try await rig.fetch().outcome == .complete)
      #expect(rig.server.accepted.value == 1)
    }
  }

  @Test func shutdownCancelsAllAndWhatComesLater() async throws {
    try await Rig.run(loops: 2) { connection in
      guard connection.request() != nil else { return }
      connection.send(ServedConnection.chunkedHead)
      _ = connection.closedByClient()
    } _: { rig async throws in
      let recorders = (0..<10).map { _ in Recorder() }
      for recorder in recorders { rig.start(recorder) }
      for recorder in recorders { try await recorder.record.wait { $0.head != nil } }
      rig.pool.shutdown()
      for recorder in recorders { #expect(try await recorder.finish().outcome == .cancelled) }
      #expect(try await rig.fetch().outcome == .cancelled)
      try await rig.server.ended.wait { $0 == 10 }
    }
  }
}
