import Testing

@testable import Chat

/// Tokens of a turn: what is told of them, and what is asked for and granted.
@Suite struct SpendingTests {
  private func usage(_ turn: inout Turn) -> Usage? {
    guard case .finish(_, let terminal) = turn.beginFlush() else { return nil }
    return terminal.usage
  }

  private func error(_ turn: Turn) -> TurnError? {
    guard case .ending(let terminal) = turn.phase else { return nil }
    return terminal.error
  }

  /// A turn whose provider answers, with 100 tokens sent.
  private func answered(reserved: Int? = nil) -> Turn {
    var turn = Turn()
    _ = turn.begin(input: 100, reserved: reserved)
    turn.requestTaken()
    return turn
  }

  private func tokens(_ count: Int) -> String { String(repeating: "word", count: count) }

  // MARK: what is told

  @Test func whatNobodyHasCountedIsEstimatedFromTheLengthOfAllThatCame() {
    var turn = answered()
    #expect(turn.usageSoFar == Usage(inputTokens: 100, outputTokens: 0, isEstimated: true))
    turn.text(tokens(10))
    turn.reasoning(tokens(5))
    _ = turn.spend(unseen: 5)
    #expect(turn.usageSoFar == Usage(inputTokens: 100, outputTokens: 17, isEstimated: true))
    _ = turn.cancel()
    #expect(usage(&turn) == Usage(inputTokens: 100, outputTokens: 17, isEstimated: true))
  }

  @Test func aWholeAnswersCountIsTheProviders() {
    var turn = answered()
    turn.text(tokens(10))
    turn.report(usage: Usage(inputTokens: 90, outputTokens: 12, cachedTokens: 8))
    _ = turn.upstreamEnded()
    #expect(usage(&turn) == Usage(inputTokens: 90, outputTokens: 12, cachedTokens: 8))
  }

  @Test func aWholeAnswerThatNobodyCountsIsEstimated() {
    var turn = answered()
    turn.text(tokens(10))
    _ = turn.upstreamEnded()
    #expect(usage(&turn) == Usage(inputTokens: 100, outputTokens: 10, isEstimated: true))
  }

  @Test func aCountInMidStreamTakesThePlaceOfTheEstimateAndWhatFollowsIsAdded() {
    var turn = answered()
    turn.text(tokens(50))
    turn.report(usage: Usage(inputTokens: 80, outputTokens: 1, cachedTokens: 3))
    #expect(turn.usageSoFar == Usage(inputTokens: 80, outputTokens: 1, cachedTokens: 3, isEstimated: true))
    turn.text(tokens(7))
    _ = turn.interrupt()
    #expect(usage(&turn) == Usage(inputTokens: 80, outputTokens: 8, cachedTokens: 3, isEstimated: true))
  }

  @Test(arguments: Ending.all) func aTurnThatNoProviderAnsweredUsesNothing(ending: Ending) {
    var turn = Turn()
    _ = turn.begin(input: 100, reserved: nil)
    turn.text("its own words")
    _ = ending.input(&turn)
    #expect(usage(&turn) == nil)
  }

  @Test func whoFailsBeforeTheFirstWordTakesNothingForIt() {
    var turn = answered()
    _ = turn.upstreamFailed(.timedOut)
    #expect(usage(&turn) == nil)
  }

  @Test func whatAFormerProviderTookIsForgotten() {
    var turn = answered()
    turn.report(usage: Usage(inputTokens: 80, outputTokens: 1))
    _ = turn.spend(unseen: 400)
    turn.forgetReports()
    #expect(turn.usageSoFar == nil)
    turn.requestTaken()
    turn.text(tokens(2))
    #expect(turn.usageSoFar == Usage(inputTokens: 100, outputTokens: 2, isEstimated: true))
  }

  @Test func countsWithoutEndDoNotOverflow() {
    var turn = answered(reserved: 4_096)
    turn.report(usage: Usage(inputTokens: .max, outputTokens: .max))
    #expect(turn.text(tokens(4)).contains(.reserve))
    #expect(turn.wanted == .max)
    #expect(turn.usageSoFar?.outputTokens == .max)
  }

  // MARK: what is reserved

  @Test func withoutALimitNothingIsAskedFor() {
    var turn = answered()
    #expect(turn.wanted == nil)
    turn.text("a")
    for _ in 0..<20 { #expect(!turn.text(tokens(1_000)).contains(.reserve)) }
  }

  @Test func moreIsAskedForOnceHalfAReservationIsLeft() {
    var turn = answered(reserved: Turn.tokensAtATime)
    #expect(!turn.text(tokens(Turn.tokensAtATime / 2 - 101)).contains(.reserve))
    #expect(turn.text(tokens(1)).contains(.reserve))
    #expect(turn.wanted == Turn.tokensAtATime * 3 / 2)
    // Once.
    #expect(!turn.text(tokens(1)).contains(.reserve))
    #expect(turn.granted(Turn.tokensAtATime * 3 / 2) == [])
    #expect(!turn.text(tokens(Turn.tokensAtATime / 2 - 2)).contains(.reserve))
    #expect(turn.text(tokens(1)).contains(.reserve))
  }

  @Test func untilTheAnswerIsThereTheUpstreamWaitsWithNothingLeft() {
    var turn = answered(reserved: 2_200)
    #expect(turn.text(tokens(100)).contains(.reserve))
    #expect(!turn.text(tokens(1_999)).contains(.pauseUpstream))
    #expect(turn.text(tokens(1)).contains(.pauseUpstream))
    #expect(turn.isShort)
    // What was under way is taken all the same.
    #expect(!turn.text("more").contains(.pauseUpstream))
    #expect(turn.granted(10_000) == [.resumeUpstream])
    #expect(!turn.isShort)
  }

  @Test func aFullWindowAndTokensHoldTheUpstreamUntilBothAreFree() {
    var turn = answered(reserved: 13_000)
    #expect(!turn.text(tokens(11_900)).contains(.pauseUpstream))
    #expect(turn.text(tokens(1_500)).contains(.pauseUpstream))
    #expect(turn.uncommittedBytes >= Turn.pauseAt)
    #expect(!turn.granted(40_000).contains(.resumeUpstream))
    _ = turn.beginFlush()
    #expect(turn.flushSucceeded().contains(.resumeUpstream))
  }

  @Test func whereLessIsGrantedTheTurnGoesOnAndAsksAgainWhenItIsUsedUp() {
    var turn = answered(reserved: 4_096)
    #expect(turn.text(tokens(2_000)).contains(.reserve))
    #expect(turn.granted(4_000) == [])
    #expect(!turn.text(tokens(1_899)).contains(.reserve))
    let effects = turn.text(tokens(1))
    #expect(effects.isSuperset(of: [.reserve, .pauseUpstream]))
    // Others have ended meanwhile.
    #expect(turn.granted(8_000) == [.resumeUpstream])
    #expect(turn.phase == .streaming)
  }

  @Test func withNothingGrantedAndAllUsedTheTurnEndsWhatWasSaidStays() {
    var turn = answered(reserved: 4_096)
    turn.text(tokens(2_000))
    #expect(turn.granted(2_150) == [])
    turn.text(tokens(60))
    let count = turn.log.byteCount
    let effects = turn.granted(2_150)
    #expect(effects.isSuperset(of: [.closeUpstream, .urgent]))
    #expect(error(turn) == .budgetExhausted)
    #expect(turn.log.byteCount == count)
    #expect(usage(&turn) == Usage(inputTokens: 100, outputTokens: 2_060, isEstimated: true))
  }

  @Test func anAnswerFromBeforeTheLastWordsIsNoEnd() {
    var turn = answered(reserved: 4_096)
    turn.text(tokens(2_000))
    turn.text(tokens(2_000))
    // It was asked for when there was half a reservation left: what others have given back since is asked for.
    #expect(turn.granted(4_096).contains(.reserve))
    #expect(turn.phase == .streaming)
    #expect(turn.granted(4_096).contains(.closeUpstream))
    #expect(error(turn) == .budgetExhausted)
  }

  @Test func whatIsSentMayAloneBeMoreThanIsReserved() {
    var turn = Turn()
    #expect(turn.begin(input: 5_000, reserved: 4_096).contains(.reserve))
    #expect(turn.isShort)
    #expect(turn.wanted == 9_096)
    #expect(turn.granted(9_096) == [.resumeUpstream])
    var refused = Turn()
    _ = refused.begin(input: 5_000, reserved: 4_096)
    _ = refused.granted(5_000)
    #expect(error(refused) == .budgetExhausted)
    #expect(usage(&refused) == nil)
  }

  @Test func aLimitThatIsGoneCountsNoMore() {
    var turn = answered(reserved: 4_096)
    turn.text(tokens(2_000))
    #expect(turn.granted(nil) == [])
    #expect(turn.wanted == nil)
    #expect(!turn.text(tokens(9_000)).contains(.reserve))
  }

  @Test func whatIsGrantedToATurnThatHasEndedChangesNothing() {
    var turn = answered(reserved: 4_096)
    turn.text(tokens(4_000))
    _ = turn.cancel()
    #expect(turn.wanted == nil)
    #expect(turn.granted(0) == [])
    #expect(turn.spend(unseen: 10) == [])
    #expect(error(turn) == nil)
  }
}
