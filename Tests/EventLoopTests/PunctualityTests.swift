@testable import EventLoop
import Glibc
import Testing

@Suite struct PunctualityTests {
  private static let second: UInt64 = 1_000_000_000

  /// Returns when the condition holds; the limit only bounds a failure.
  private func wait(until condition: () -> Bool) {
    let limit = Instant.now().advanced(milliseconds: 30_000)
    while !condition(), Instant.now() < limit { usleep(1_000) }
    #expect(condition())
  }

  private func instant(_ milliseconds: UInt64) -> Instant { Instant(nanoseconds: milliseconds * 1_000_000) }

  @Test func aTimerOnTimeMeansNoLag() {
    var punctuality = Punctuality(at: instant(0), busyTime: 0)
    punctuality.fired(at: instant(1_000), busyTime: Self.second / 4)
    #expect(punctuality.reading(at: instant(1_500)) == .init(lag: 0, longestLag: 0, busy: 0.25))
  }

  @Test func theBusyShareIsOfTheLastPeriodAlone() {
    var punctuality = Punctuality(at: instant(0), busyTime: 0)
    punctuality.fired(at: instant(1_000), busyTime: Self.second)
    #expect(punctuality.reading(at: instant(1_000)).busy == 1)
    punctuality.fired(at: instant(2_000), busyTime: Self.second)
    #expect(punctuality.reading(at: instant(2_000)).busy == 0)
  }

  @Test func theLongestLagIsKeptForAMinute() {
    var punctuality = Punctuality(at: instant(0), busyTime: 0)
    var now: UInt64 = 1_300
    punctuality.fired(at: instant(now), busyTime: 0)
    for _ in 1..<Punctuality.memory {
      now += 1_000
      punctuality.fired(at: instant(now), busyTime: 0)
    }
    #expect(punctuality.reading(at: instant(now)) == .init(lag: 0, longestLag: 300_000_000, busy: 0))
    punctuality.fired(at: instant(now + 1_000), busyTime: 0)
    #expect(punctuality.reading(at: instant(now + 1_000)).longestLag == 0)
  }

  @Test func aLoopThatStandsStillLagsMoreAndMore() {
    var punctuality = Punctuality(at: instant(0), busyTime: 0)
    punctuality.fired(at: instant(1_010), busyTime: 0)
    #expect(punctuality.reading(at: instant(2_000)).lag == 10_000_000)
    #expect(punctuality.reading(at: instant(2_510)).lag == 500_000_000)
    let stuck = punctuality.reading(at: instant(9_010))
    #expect(stuck == .init(lag: 7_000_000_000, longestLag: 7_000_000_000, busy: 1))
  }

  @Test func aMeterSeesALoopThatIsHeldUp() throws {
    try withLoop { loop in
      let meter = LoopMeter(loop: loop)
      meter.start()
      try loop.settle()
      let release = Signal()
      loop.submit { try? release.wait() }
      // The timer cannot fire meanwhile.
      wait { meter.reading().lag >= 20_000_000 }
      release.send()
      // At a time before the next one is due, only what the timer itself has found counts.
      wait { meter.reading(at: Instant(nanoseconds: 0)).lag >= 20_000_000 }
      #expect(meter.reading().longestLag >= 20_000_000)
      meter.stop()
      try loop.settle()
    }
  }
}
