import Chat
import TestSupport
import Testing

@Suite struct ReaderBudgetTests {
  private static let paces = [0, 1, 19, 20, 21, 100, 250, 300, 333, 700, 1_000, 2_000, 59_999, 60_000]

  /// Takes until refused; how many were granted, and the wait then returned.
  private func drain(_ budget: inout ReaderBudget, _ reader: String = "a", pace: Int, now: Int) -> (Int, Int) {
    for granted in 0..<1_000 {
      if let wait = budget.take(reader: reader, pace: pace, now: now) { return (granted, wait) }
    }
    return (1_000, 0)
  }

  @Test(arguments: paces) func tenPollsAtOnceThenAWaitThatIsEnough(pace: Int) {
    var budget = ReaderBudget()
    var now = 123_456_789
    var (granted, wait) = drain(&budget, pace: pace, now: now)
    #expect(granted == 10)
    for _ in 0..<200 {
      #expect(wait > 0)
      now += wait
      (granted, wait) = drain(&budget, pace: pace, now: now)
      #expect(granted >= 1)
    }
  }

  @Test(arguments: 0..<20) func aWaitIsEnoughAfterAnyHistoryAtOnePace(seed: UInt64) {
    var random = SplitMix(seed: seed)
    for _ in 0..<200 {
      let pace = Int.random(in: 0...60_000, using: &random) >> Int.random(in: 0...10, using: &random)
      var budget = ReaderBudget()
      var now = Int.random(in: 0..<1 << 40, using: &random)
      for _ in 0..<60 {
        if let wait = budget.take(reader: "a", pace: pace, now: now) {
          now += wait
          #expect(budget.take(reader: "a", pace: pace, now: now) == nil, "pace \(pace), wait \(wait)")
        }
        now += Int.random(in: 0...max(1, pace / 8), using: &random)
      }
    }
  }

  @Test(arguments: paces) func askingTooEarlyCostsNothing(pace: Int) {
    var budget = ReaderBudget()
    var now = 0
    var (_, wait) = drain(&budget, pace: pace, now: now)
    let due = now + wait
    while now < due - 1 {
      now += max(1, (due - now) / 3)
      guard now < due, let left = budget.take(reader: "a", pace: pace, now: now) else { break }
      wait = left
      #expect(now + wait <= due + 1)
    }
    #expect(budget.take(reader: "a", pace: pace, now: due + 1) == nil)
  }

  @Test(arguments: paces.filter { $0 >= 20 }) func refillsAtFourTimesThePaceUpToTen(pace: Int) {
    var budget = ReaderBudget()
    _ = drain(&budget, pace: pace, now: 0)
    #expect(drain(&budget, pace: pace, now: pace).0 == 4)
    #expect(drain(&budget, pace: pace, now: 2 * pace).0 == 4)
    #expect(drain(&budget, pace: pace, now: 1_000 * pace).0 == 10)
  }

  @Test(arguments: paces.filter { $0 >= 20 && $0 % 4 == 0 })
  func pollingAtFourTimesThePaceIsNeverRefused(pace: Int) {
    var budget = ReaderBudget()
    _ = drain(&budget, pace: pace, now: 0)
    for poll in 1...5_000 { #expect(budget.take(reader: "a", pace: pace, now: poll * pace / 4) == nil) }
  }

  @Test(arguments: 0..<20) func overAnySpanAReaderGetsTenAndFourTimesThePaceAtMost(seed: UInt64) {
    var random = SplitMix(seed: seed)
    let pace = Self.paces.filter { $0 >= 20 }.randomElement(using: &random) ?? 20
    var budget = ReaderBudget()
    var now = 0
    var granted: [Int] = []
    for _ in 0..<3_000 {
      now += Int.random(in: 0...(pace / 2), using: &random) * Int.random(in: 0...1, using: &random)
      if budget.take(reader: "a", pace: pace, now: now) == nil { granted.append(now) }
    }
    for first in stride(from: 0, to: granted.count, by: 7) {
      for last in stride(from: first, to: granted.count, by: 11) {
        let most = 10 + 4 * Double(granted[last] - granted[first]) / Double(pace)
        #expect(Double(last - first + 1) <= most + 0.001)
      }
    }
  }

  @Test func eightReadersAreToldApart() {
    var budget = ReaderBudget()
    for reader in 0..<8 { #expect(drain(&budget, String(reader), pace: 250, now: reader).0 == 10) }
    for reader in 0..<8 { #expect(budget.take(reader: String(reader), pace: 250, now: 8) != nil) }
  }

  @Test func aNinthReaderSharesTheBucketThatWasIdleLongest() {
    var budget = ReaderBudget()
    for reader in 0..<8 { _ = drain(&budget, String(reader), pace: 60_000, now: reader) }
    #expect(budget.take(reader: "ninth", pace: 60_000, now: 8) != nil)
    // The first reader's bucket went to the ninth; now it takes the second's. All are as empty as they were.
    #expect(budget.take(reader: "0", pace: 60_000, now: 9) != nil)
    #expect(budget.take(reader: "7", pace: 60_000, now: 10) != nil)
  }

  @Test func changingOnesNameGainsNothingBeyondEightBuckets() {
    var budget = ReaderBudget()
    var granted = 0
    for name in 0..<10_000 where budget.take(reader: String(name), pace: 1_000, now: 0) == nil { granted += 1 }
    #expect(granted <= 80)
  }

  @Test func aClockThatStepsBackNeitherRefusesForLongNorTraps() {
    var budget = ReaderBudget()
    _ = drain(&budget, pace: 250, now: 1_000_000)
    let wait = budget.take(reader: "a", pace: 250, now: 0)
    #expect((1...63).contains(wait ?? 0))
    #expect(budget.take(reader: "a", pace: 250, now: 63) == nil)
  }

  // MARK: the reader's own rhythm

  /// Polls as a reader does that needs `own` milliseconds beyond what it is told; returns the gaps between its replies.
  private func gaps(_ budget: inout ReaderBudget, pace: Int, own: Int, polls: Int, now: inout Int) -> [Int] {
    let pacer = Pacer(base: pace)
    var gaps: [Int] = []
    var last = now
    for _ in 0..<polls {
      let place = budget.arrives("a", pace: pace, now: now)
      #expect(budget.take(at: place, pace: pace, now: now) == nil)
      gaps.append(now - last)
      last = now
      let wait = pacer.pollAfter(for: .init(own: budget.own(at: place)))
      budget.told(at: place, due: now + wait)
      now += wait + own
    }
    return gaps
  }

  @Test(arguments: [0, 5, 60, 249, 250]) func repliesComeAtThePaceWhateverTheReaderTakes(own: Int) {
    var budget = ReaderBudget()
    var now = 1_000
    let gaps = gaps(&budget, pace: 250, own: own, polls: 60, now: &now)
    for gap in gaps.suffix(10) { #expect(abs(gap - 250) <= 2) }
  }

  @Test func aReaderThatIsSlowerThanThePaceIsToldToComeAtOnce() {
    var budget = ReaderBudget()
    var now = 1_000
    #expect(gaps(&budget, pace: 250, own: 700, polls: 60, now: &now).suffix(10).allSatisfy { abs($0 - 700) <= 1 })
    // It becomes quick: no poll is refused, and it is back at the pace.
    #expect(gaps(&budget, pace: 250, own: 1, polls: 40, now: &now).suffix(10).allSatisfy { abs($0 - 250) <= 2 })
  }

  @Test func oneLongSleepChangesLittle() {
    var budget = ReaderBudget()
    var now = 1_000
    _ = gaps(&budget, pace: 250, own: 10, polls: 40, now: &now)
    now += 3_600_000
    #expect(gaps(&budget, pace: 250, own: 10, polls: 3, now: &now).dropFirst().allSatisfy { $0 >= 190 })
  }

  @Test func readersHaveTheirOwnRhythms() {
    var budget = ReaderBudget()
    let quick = budget.arrives("quick", pace: 250, now: 0)
    budget.told(at: quick, due: 0)
    let slow = budget.arrives("slow", pace: 250, now: 0)
    budget.told(at: slow, due: 0)
    _ = budget.arrives("slow", pace: 250, now: 200)
    #expect(budget.own(at: slow) == 40)
    #expect(budget.own(at: quick) == 0)
    #expect(budget.own(at: .max) == 0)
    budget.told(at: .max, due: 0)
  }
}
