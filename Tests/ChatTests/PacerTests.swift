import Chat
import Testing

@Suite struct PacerTests {
  private let loads: [Double] = [-1, 0, 0.5, 1, 1.5, 2, 10, 1_000, 1e12, 1e300, .infinity]

  @Test(arguments: [(-5, 0), (0, 0), (250, 250), (60_000, 60_000), (60_001, 60_000), (Int.max, 60_000), (Int.min, 0)])
  func theBaseIsKeptWithinItsBounds(base: Int, kept: Int) { #expect(Pacer(base: base).base == kept) }

  @Test func anIdleNodePacesAtTheBase() {
    #expect(Pacer(base: 250).pace(for: .init()) == 250)
    #expect(Pacer(base: 250).pace(for: .init(load: 1)) == 250)
    #expect(Pacer(base: 250).pace(for: .init(load: 3)) == 750)
  }

  @Test(arguments: [0, 1, 250, 2_000, 5_000, 60_000], [true, false])
  func paceGrowsWithLoadAndStaysWithinItsBounds(base: Int, hidden: Bool) {
    let pacer = Pacer(base: base)
    var last = 0
    for load in loads {
      let pace = pacer.pace(for: .init(hidden: hidden, load: load))
      #expect(pace >= max(last, base))
      #expect(pace <= Pacer.longestPace)
      if hidden { #expect(pace >= Pacer.hiddenPace) }
      last = pace
    }
  }

  @Test(arguments: [Double.nan, .signalingNaN, -.infinity, -.greatestFiniteMagnitude])
  func aLoadThatIsNoNumberCountsAsIdle(load: Double) {
    #expect(Pacer(base: 250).pace(for: .init(load: load)) == 250)
  }

  @Test func aHiddenReaderIsNeverPacedFasterThanAVisibleOne() {
    for base in [0, 250, 1_999, 2_001, 60_000] {
      for load in loads {
        let pacer = Pacer(base: base)
        #expect(pacer.pace(for: .init(hidden: true, load: load)) >= pacer.pace(for: .init(load: load)))
        #expect(pacer.pollAfter(for: .init(hidden: true, rate: 1, load: load)) >= Pacer.hiddenPace)
      }
    }
  }

  @Test func aStreamSlowerThanThePaceNeedsNoWait() {
    let pacer = Pacer(base: 250)
    #expect(pacer.pollAfter(for: .init()) == 250)
    #expect(pacer.pollAfter(for: .init(rate: 3.9)) == 0)
    #expect(pacer.pollAfter(for: .init(rate: 4)) == 250)
    #expect(pacer.pollAfter(for: .init(rate: 50)) == 250)
    #expect(pacer.pollAfter(for: .init(hidden: true, rate: 0.1)) == 2_000)
  }

  @Test func whatAReaderTakesByItselfIsPartOfThePace() {
    let pacer = Pacer(base: 250)
    #expect(pacer.pollAfter(for: .init(own: 100)) == 150)
    #expect(pacer.pollAfter(for: .init(own: 250)) == 0)
    #expect(pacer.pollAfter(for: .init(own: 9_999)) == 0)
    #expect(pacer.pollAfter(for: .init(own: -5)) == 250)
    #expect(pacer.pollAfter(for: .init(load: 1, own: 100)) == 150)
    #expect(pacer.pollAfter(for: .init(load: 4, own: 100)) == 1_000)
    #expect(pacer.pollAfter(for: .init(hidden: true, own: 100)) == 2_000)
  }

  @Test(arguments: [0, 250, 5_000]) func pollAfterIsZeroOrThePaceAndGrowsWithLoadAndRate(base: Int) {
    let pacer = Pacer(base: base)
    for rate in [nil, 0, 0.1, 1, 10, 1_000, .infinity] as [Double?] {
      var last = 0
      for load in loads {
        let reader = Pacer.Reader(rate: rate, load: load)
        let after = pacer.pollAfter(for: reader)
        #expect(after == 0 || after == pacer.pace(for: reader))
        #expect(after >= last)
        last = after
      }
    }
  }

  @Test(arguments: [(-1, 0), (0, 0), (1, 1), (20_000, 20_000), (20_001, 20_000), (Int.max, 20_000), (Int.min, 0)])
  func aPollIsHeldAsLongAsItAsksAtMostTwentySeconds(wait: Int, hold: Int) {
    #expect(Pacer(base: 250).hold(wait) == hold)
  }
}
