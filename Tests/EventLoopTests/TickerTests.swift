import EventLoop
import Testing

@Suite struct TickerTests {
  /// Returns when a timer of `milliseconds` has fired on the loop: a ticker that runs would have ticked meanwhile.
  private func pass(_ milliseconds: Int, on loop: EventLoop) throws {
    let signal = Signal()
    let handler = Handler(onTimer: { _ in signal.send() })
    _ = try loop.run { loop.schedule(afterMilliseconds: milliseconds, handler: handler) }
    try signal.wait()
    withExtendedLifetime(handler) {}
  }

  @Test func ticksOnTheLoopUntilItIsStopped() throws {
    try withLoop { loop in
      let ticks = Record<Bool>()
      let signal = Signal()
      let ticker = Ticker(loop: loop, everyMilliseconds: 1) {
        ticks.add(loop.isCurrent)
        if ticks.count == 3 { signal.send() }
      }
      ticker.start()
      try signal.wait()
      ticker.stop()
      try loop.settle()
      let count = ticks.count
      try pass(20, on: loop)
      #expect(ticks.count == count)
      #expect(ticks.all.allSatisfy { $0 })
    }
  }

  @Test func waitsOneIntervalBeforeTheFirstCallAndBetweenCalls() throws {
    try withLoop { loop in
      let start = Instant.now()
      let ticks = Record<Instant>()
      let signal = Signal()
      let ticker = Ticker(loop: loop, everyMilliseconds: 4) {
        ticks.add(.now())
        if ticks.count == 3 { signal.send() }
      }
      ticker.start()
      try signal.wait()
      ticker.stop()
      try loop.settle()
      var last = start
      for tick in ticks.all {
        #expect(tick >= last.advanced(milliseconds: 4))
        last = tick
      }
    }
  }

  @Test func mayBeStoppedByItsOwnAction() throws {
    try withLoop { loop in
      let ticks = Record<Int>()
      let stop = Record<Ticker>()
      let ticker = Ticker(loop: loop, everyMilliseconds: 1) {
        ticks.add(1)
        stop.all.first?.stop()
      }
      stop.add(ticker)
      ticker.start()
      try pass(20, on: loop)
      #expect(ticks.count == 1)
    }
  }

  @Test func stoppedBeforeItsStartItNeverTicks() throws {
    try withLoop { loop in
      let ticks = Record<Int>()
      let ticker = Ticker(loop: loop, everyMilliseconds: 1) { ticks.add(1) }
      ticker.stop()
      ticker.start()
      try pass(10, on: loop)
      #expect(ticks.all.isEmpty)
    }
  }

  @Test func startedTwiceItIsStillOneTickerAndStopEndsIt() throws {
    try withLoop { loop in
      let ticks = Record<Int>()
      let ticker = Ticker(loop: loop, everyMilliseconds: 2) { ticks.add(1) }
      ticker.start()
      ticker.start()
      ticker.stop()
      try pass(20, on: loop)
      #expect(ticks.all.isEmpty)
    }
  }

  @Test func theLoopKeepsItAliveUntilItIsStopped() throws {
    try withLoop { loop in
      weak var seen: Ticker?
      let signal = Signal()
      do {
        let ticker = Ticker(loop: loop, everyMilliseconds: 1) { signal.send() }
        seen = ticker
        ticker.start()
      }
      try signal.wait()
      try signal.wait()
      #expect(seen != nil)
      seen?.stop()
      try loop.settle()
      #expect(seen == nil)
    }
  }
}
