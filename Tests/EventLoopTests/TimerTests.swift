import EventLoop
import TestSupport
import Testing

@Suite struct TimerTests {
  @Test func fireInOrderAndNotBeforeTheirTime() throws {
    try withLoop { loop in
      let fired = Record<(token: Int, at: Instant, turn: Instant)>()
      let signal = Signal()
      let handler = Handler(onTimer: { token in
        fired.add((token, .now(), loop.now))
        if fired.count == 5 { signal.send() }
      })
      let start = Instant.now()
      try loop.run {
        for token in [30, 5, 20, 0, 10] {
          _ = loop.schedule(at: start.advanced(milliseconds: token), handler: handler, token: token)
        }
      }
      try signal.wait()
      #expect(fired.all.map(\.token) == [0, 5, 10, 20, 30])
      for (token, at, turn) in fired.all {
        let deadline = start.advanced(milliseconds: token)
        #expect(at >= deadline)
        #expect(turn >= deadline)
      }
    }
  }

  @Test func countFromTheBeginningOfTheTurn() throws {
    try withLoop { loop in
      let signal = Signal()
      let late = Record<Bool>()
      let handler = Handler()
      try loop.run {
        let begin = loop.now
        handler.onTimer = { _ in
          late.add(loop.now >= begin.advanced(milliseconds: 3))
          signal.send()
        }
        _ = loop.schedule(afterMilliseconds: 3, handler: handler)
      }
      try signal.wait()
      #expect(late.all == [true])
    }
  }

  @Test func aCancelledTimerNeverFires() throws {
    try withLoop { loop in
      let fired = Record<Int>()
      let signal = Signal()
      let handler = Handler(onTimer: { token in
        fired.add(token)
        if token == 2 { signal.send() }
      })
      try loop.run {
        let cancelled = loop.schedule(afterMilliseconds: 1, handler: handler, token: 1)
        _ = loop.schedule(afterMilliseconds: 5, handler: handler, token: 2)
        loop.cancel(cancelled)
        loop.cancel(cancelled)
      }
      try signal.wait()
      #expect(fired.all == [2])
    }
  }

  @Test func oneHandlerMayCancelAnotherThatIsDueInTheSameTurn() throws {
    try withLoop { loop in
      let fired = Record<Int>()
      let signal = Signal()
      let handler = Handler()
      try loop.run {
        let past = loop.now
        let timers = (0..<2).map { loop.schedule(at: past, handler: handler, token: $0) }
        _ = loop.schedule(afterMilliseconds: 5, handler: handler, token: 2)
        handler.onTimer = { token in
          fired.add(token)
          // The own timer has fired: cancelling it does nothing.
          if token < 2 { for timer in timers { loop.cancel(timer) } } else { signal.send() }
        }
      }
      try signal.wait()
      #expect(fired.count == 2)
      #expect(fired.all.last == 2)
    }
  }

  @Test func aHandlerMayScheduleAnotherTimer() throws {
    try withLoop { loop in
      let fired = Record<Int>()
      let signal = Signal()
      let handler = Handler()
      try loop.run {
        handler.onTimer = { token in
          fired.add(token)
          if token == 5 { return signal.send() }
          _ = loop.schedule(afterMilliseconds: token % 2, handler: handler, token: token + 1)
        }
        _ = loop.schedule(afterMilliseconds: 0, handler: handler, token: 1)
      }
      try signal.wait()
      #expect(fired.all == [1, 2, 3, 4, 5])
    }
  }

  /// A timer that is due again at once must leave the others their turn.
  @Test func aTimerThatIsAlwaysDueStarvesNobody() throws {
    try withLoop { loop in
      let limit = 50_000
      let heard = Record<Int>()
      let signal = Signal()
      let handler = Handler()
      try loop.run {
        var rounds = 0
        handler.onTimer = { _ in
          rounds += 1
          if rounds == limit { return signal.send() }
          _ = loop.schedule(afterMilliseconds: 0, handler: handler)
          if rounds == 1 {
            nonisolated(unsafe) let now = { rounds }  // read on the loop, as all else here
            loop.submit { heard.add(now()) }
          }
        }
        _ = loop.schedule(afterMilliseconds: 0, handler: handler)
      }
      try signal.wait()
      try loop.settle()
      #expect(heard.count == 1)
      #expect(heard.all[0] < limit)
    }
  }

  @Test func theFarFutureNeitherFiresNorHinders() throws {
    try withLoop { loop in
      let fired = Record<Int>()
      let handler = Handler(onTimer: { fired.add($0) })
      let timer = try loop.run { loop.schedule(at: .distantFuture, handler: handler) }
      try loop.settle()
      #expect(fired.all.isEmpty)
      try loop.run { loop.cancel(timer) }
    }
  }

  @Test func manyTimersAllFireInTheOrderOfTheirDeadlines() throws {
    try withLoop { loop in
      var random = SplitMix(seed: 9)
      let start = Instant.now()
      let deadlines = (0..<2_000).map { _ in
        Instant(nanoseconds: start.nanoseconds + UInt64.random(in: 0..<20_000_000, using: &random))
      }
      let fired = Record<Int>()
      let signal = Signal()
      let handler = Handler(onTimer: { token in
        fired.add(token)
        if fired.count == deadlines.count { signal.send() }
      })
      try loop.run {
        for (token, deadline) in deadlines.enumerated() {
          _ = loop.schedule(at: deadline, handler: handler, token: token)
        }
      }
      try signal.wait()
      let order = fired.all.map { deadlines[$0] }
      #expect(order == deadlines.sorted())
    }
  }
}
