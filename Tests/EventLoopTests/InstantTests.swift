import EventLoop
import TestSupport
import Testing

@Suite struct InstantTests {
  @Test(arguments: [(0, 0), (1, 1_000_000), (-5, 0), (20_000, 20_000_000_000)])
  func advancesByMilliseconds(milliseconds: Int, nanoseconds: UInt64) {
    #expect(Instant(nanoseconds: 7).advanced(milliseconds: milliseconds).nanoseconds == nanoseconds + 7)
  }

  @Test(arguments: [Int.max, Int.max / 2, 1 << 50, Int(UInt64.max / 1_000_000)])
  func saturatesInsteadOfWrapping(milliseconds: Int) {
    #expect(Instant(nanoseconds: 1 << 63).advanced(milliseconds: milliseconds) == .distantFuture)
    #expect(Instant(nanoseconds: .max - 1).advanced(milliseconds: 1) == .distantFuture)
  }

  @Test func neverWrapsToAnEarlierPoint() {
    var random = SplitMix(seed: 1)
    for _ in 0..<10_000 {
      let start = Instant(nanoseconds: random.next() >> UInt64.random(in: 0...63, using: &random))
      let milliseconds = Int(random.next() >> UInt64.random(in: 1...63, using: &random))
      let later = start.advanced(milliseconds: milliseconds)
      #expect(later >= start)
      #expect(later == .distantFuture || later.milliseconds(since: start) == milliseconds)
    }
  }

  @Test func countsMillisecondsDownwardsAndNeverBelowZero() {
    let early = Instant(nanoseconds: 1_000_000)
    let late = Instant(nanoseconds: 3_999_999)
    #expect(late.milliseconds(since: early) == 2)
    #expect(early.milliseconds(since: late) == 0)
    #expect(early.milliseconds(since: early) == 0)
    #expect(Instant.distantFuture.milliseconds(since: Instant(nanoseconds: 0)) > 0)
  }

  @Test(arguments: [Instant.now, Instant.boot]) func clocksNeverGoBack(read: @Sendable () -> Instant) {
    var last = read()
    for _ in 0..<1_000 {
      let next = read()
      #expect(next >= last)
      last = next
    }
  }

  @Test func theWallClockCountsFrom1970() {
    // 2025-01-01 and 2200-01-01.
    #expect((1_735_689_600_000_000_000...7_258_118_400_000_000_000).contains(Instant.wall().nanoseconds))
  }
}
