import Dispatch
import Testing
import Upstream

@Suite("Bounds and the queue", .timeLimit(.minutes(1)))
struct QueueTests {
  private func settings(
    all: Int = 100, host: Int = 100, queue: Int = 100, hostQueue: Int = 100, timeout: Int = 30_000
  ) -> UpstreamSettings {
    UpstreamSettings(
      bounds: UpstreamBounds(
        maxTransfers: all, maxTransfersPerHost: host, maxQueued: queue, maxQueuedPerHost: hostQueue,
        queueTimeout: timeout))
  }

  @Test func neverMoreThanTheBoundOverAllLoops() async throws {
    let (now, most) = (Watched(0), Watched(0))
    try await Rig.run(loops: 3, settings: settings(host: 4)) { connection in
      while connection.request() != nil {
        now.update { $0 += 1 }
        most.update { $0 = max($0, now.value) }
        connection.send(ServedConnection.chunkedHead)
        for _ in 0..<20 { connection.chunk("x") }
        now.update { $0 -= 1 }
        connection.chunk("")
      }
    } _: { rig async throws in
      let recorders = (0..<60).map { _ in Recorder() }
      for recorder in recorders { rig.start(recorder) }
      for recorder in recorders { #expect(try await recorder.finish().outcome == .complete) }
      #expect(most.value <= 4)
      #expect(rig.pool.gauges().complete == 60)
      #expect(rig.pool.gauges().refused == 0)
    }
  }

  @Test func firstComeFirstServed() async throws {
    let order = Watched<[String]>([])
    let gate = DispatchSemaphore(value: 0)
    try await Rig.run(loops: 2, settings: settings(host: 1)) { connection in
      while let request = connection.request() {
        order.update { $0.append(String(request.split(separator: " ")[1])) }
        gate.wait()
        connection.respond("")
      }
    } _: { rig async throws in
      let recorders = (0..<6).map { _ in Recorder() }
      for (index, recorder) in recorders.enumerated() { rig.start(recorder, path: "/\(index)") }
      try await order.wait { $0.count == 1 }
      let gauges = rig.pool.gauges()
      #expect((gauges.running, gauges.queued) == (1, 5))
      for _ in recorders { gate.signal() }
      for recorder in recorders { #expect(try await recorder.finish().outcome == .complete) }
      #expect(order.value == (0..<6).map { "/\($0)" })
    }
  }

  @Test func aFullHostDoesNotHoldUpAnother() async throws {
    let gate = DispatchSemaphore(value: 0)
    let other = ScriptedServer { connection in
      while connection.request() != nil { connection.respond("other") }
    }
    defer { other.stop() }
    try await Rig.run(settings: settings(host: 1)) { connection in
      while connection.request() != nil {
        gate.wait()
        connection.respond("")
      }
    } _: { rig async throws in
      let recorders = (0..<3).map { _ in Recorder() }
      for recorder in recorders { rig.start(recorder) }
      for _ in 0..<3 { #expect(try await rig.fetch(url: other.url()).text == "other") }
      #expect(rig.pool.gauges().queued == 2)
      for _ in recorders { gate.signal() }
      for recorder in recorders { #expect(try await recorder.finish().outcome == .complete) }
    }
  }

  @Test func oneTooMany() async throws {
    let gate = DispatchSemaphore(value: 0)
    try await Rig.run(loops: 2, settings: settings(all: 2, queue: 1)) { connection in
      while connection.request() != nil {
        gate.wait()
        connection.respond("")
      }
    } _: { rig async throws in
      let recorders = (0..<3).map { _ in Recorder() }
      for recorder in recorders { rig.start(recorder) }
      #expect(rig.pool.reserve() == nil)
      #expect(try await rig.fetch().outcome == .failed(TransferError(.tooManyTransfers)))
      let gauges = rig.pool.gauges()
      #expect((gauges.running, gauges.queued, gauges.refused) == (2, 1, 2))
      #expect(gauges.failures == [.tooManyTransfers: 1])
      for _ in recorders { gate.signal() }
      for recorder in recorders { #expect(try await recorder.finish().outcome == .complete) }
    }
  }

  @Test func waitingTooLong() async throws {
    let gate = DispatchSemaphore(value: 0)
    try await Rig.run(settings: settings(host: 1, timeout: 300)) { connection in
      guard connection.request() != nil else { return }
      gate.wait()
      connection.respond("first")
    } _: { rig async throws in
      let first = Recorder()
      rig.start(first)
      try await rig.server.accepted.wait { $0 == 1 }
      // The other limits, shorter all, do not run yet.
      #expect(
        try await rig.fetch(limits: .init(connect: 50, firstByte: 50, firstToken: 50, total: 50)).outcome
          == .failed(TransferError(.queueTimeout)))
      gate.signal()
      #expect(try await first.finish().text == "first")
      #expect(rig.server.accepted.value == 1)
    }
  }

  @Test func theLimitsBeginAfterTheQueue() async throws {
    let gate = DispatchSemaphore(value: 0)
    try await Rig.run(settings: settings(host: 1)) { connection in
      while let request = connection.request() {
        if request.hasPrefix("POST /slow") { gate.wait() }
        connection.respond("done")
      }
    } _: { rig async throws in
      let (slow, queued) = (Recorder(), Recorder())
      rig.start(slow, path: "/slow")
      rig.start(queued, limits: .init(connect: 1_000, firstByte: 1_000, firstToken: 1_000, total: 1_000))
      // A third one, on the same loop, is over after more than those limits.
      let clock = ScriptedServer { connection in
        guard connection.request() != nil else { return }
        _ = connection.closedByClient()
      }
      defer { clock.stop() }
      #expect(
        try await rig.fetch(url: clock.url(), limits: .init(firstByte: 1_500)).outcome?.error?.code == .firstByteTimeout
      )
      #expect(queued.record.value.outcome == nil)
      gate.signal()
      #expect(try await queued.finish().text == "done")
      #expect(try await slow.finish().text == "done")
    }
  }

  @Test func cancelWhileQueuedOpensNoConnectionAndMakesRoom() async throws {
    let gate = DispatchSemaphore(value: 0)
    let asked = Watched<[String]>([])
    try await Rig.run(loops: 2, settings: settings(host: 1, queue: 1)) { connection in
      while let request = connection.request() {
        asked.update { $0.append(String(request.split(separator: " ")[1])) }
        gate.wait()
        connection.respond("")
      }
    } _: { rig async throws in
      let (first, cancelled, next) = (Recorder(), Recorder(), Recorder())
      rig.start(first, path: "/1")
      let transfer = rig.start(cancelled, path: "/2")
      transfer.cancel()
      transfer.cancel()
      #expect(try await cancelled.finish().outcome == .cancelled)
      rig.start(next, path: "/3")
      for _ in 1...2 { gate.signal() }
      #expect(try await next.finish().outcome == .complete)
      #expect(try await first.finish().outcome == .complete)
      #expect(asked.value == ["/1", "/3"])
    }
  }

  @Test func aCancelledTransferLetsTheNextBegin() async throws {
    try await Rig.run(loops: 2, settings: settings(host: 1)) { connection in
      while let request = connection.request() {
        if request.hasPrefix("POST /silent") {
          _ = connection.closedByClient()
        } else {
          connection.respond("next")
        }
      }
    } _: { rig async throws in
      let (silent, next) = (Recorder(), Recorder())
      let transfer = rig.start(silent, path: "/silent")
      rig.start(next)
      try await rig.server.accepted.wait { $0 == 1 }
      transfer.cancel()
      #expect(try await silent.finish().outcome == .cancelled)
      #expect(try await next.finish().text == "next")
    }
  }

  @Test func whatCannotBeginGivesItsPlaceBack() async throws {
    try await Rig.run(settings: settings(all: 1, queue: 0)) { connection in
      while connection.request() != nil { connection.respond("") }
    } _: { rig async throws in
      for _ in 0..<3 {
        let recorder = Recorder()
        rig.start(recorder, headers: [("bad name", "")])
        #expect(try await recorder.failure() == .refusedHeader)
      }
      let place = try #require(rig.pool.reserve())
      let refused = Recorder()
      rig.start(refused, url: "ftp://127.0.0.1/", in: place)
      #expect(try await refused.failure() == .refusedURL)
      #expect(try await rig.fetch().outcome == .complete)
    }
  }

  @Test func shutdownCancelsWhatIsQueued() async throws {
    try await Rig.run(loops: 2, settings: settings(host: 1)) { connection in
      guard connection.request() != nil else { return }
      _ = connection.closedByClient()
    } _: { rig async throws in
      let recorders = (0..<10).map { _ in Recorder() }
      for recorder in recorders { rig.start(recorder) }
      try await rig.server.accepted.wait { $0 == 1 }
      rig.pool.shutdown()
      for recorder in recorders { #expect(try await recorder.finish().outcome == .cancelled) }
      #expect(try await rig.fetch().outcome == .cancelled)
      #expect(rig.server.accepted.value == 1)
    }
  }

  // MARK: places

  @Test func aReservedPlaceCountsUntilItIsUsedOrGone() async throws {
    try await Rig.run(settings: settings(all: 1, queue: 0)) { connection in
      while connection.request() != nil { connection.respond("yes") }
    } _: { rig async throws in
      var place = rig.pool.reserve(host: UpstreamRequest.host(of: rig.server.url()))
      #expect(place != nil)
      #expect(rig.pool.gauges().running == 1)
      #expect(rig.pool.reserve() == nil)
      #expect(try await rig.fetch().outcome?.error?.code == .tooManyTransfers)
      let recorder = Recorder()
      rig.start(recorder, in: place)
      #expect(try await recorder.finish().text == "yes")
      // It was good for one start.
      let (again, taken) = (Recorder(), rig.pool.reserve())
      #expect(taken != nil)
      rig.start(again, in: place)
      #expect(try await again.failure() == .tooManyTransfers)
      place = nil
      #expect(rig.pool.gauges().running == 1)
      withExtendedLifetime(taken) {}
    }
  }

  @Test func anUnusedPlaceGivesItselfBack() async throws {
    try await Rig.run(settings: settings(all: 1)) { connection in
      while connection.request() != nil { connection.respond("yes") }
    } _: { rig async throws in
      var place = rig.pool.reserve(host: "https://elsewhere:443")
      #expect(place != nil)
      let recorder = Recorder()
      rig.start(recorder)
      #expect(rig.pool.gauges().queued == 1)
      place = nil
      #expect(try await recorder.finish().text == "yes")
    }
  }

  // MARK: other bounds

  @Test func widerBoundsLetTheQueueBegin() async throws {
    let gate = DispatchSemaphore(value: 0)
    try await Rig.run(loops: 2, settings: settings(host: 1)) { connection in
      while connection.request() != nil {
        gate.wait()
        connection.respond("")
      }
    } _: { rig async throws in
      let recorders = (0..<4).map { _ in Recorder() }
      for recorder in recorders { rig.start(recorder) }
      try await rig.server.accepted.wait { $0 == 1 }
      rig.pool.replace(bounds: UpstreamBounds(maxTransfersPerHost: 3))
      try await rig.server.accepted.wait { $0 == 3 }
      #expect(rig.pool.gauges().queued == 1)
      for _ in recorders { gate.signal() }
      for recorder in recorders { #expect(try await recorder.finish().outcome == .complete) }
    }
  }
}
