import Chat
import Testing

@Suite struct TurnTests {
  private func range(_ flush: Turn.Flush?) -> ClosedRange<Int>? {
    switch flush {
    case .chunks(let range): range
    case .finish(let range, _): range
    case nil: nil
    }
  }

  @Test func aNewTurnStreamsAndHasNothing() {
    var turn = Turn()
    #expect(turn.phase == .streaming)
    #expect(turn.head == 0)
    #expect(turn.terminal == nil)
    #expect(turn.log.epoch == 1)
    #expect(turn.beginFlush() == nil)
    #expect(Turn(epoch: 4).log.epoch == 4)
  }

  @Test func theFirstTextIsUrgentFurtherTextIsQueuedOnce() {
    var turn = Turn()
    #expect(turn.text("a") == [.flush, .urgent])
    #expect(turn.text("b") == [])
    #expect(turn.reasoning("c") == [])
    #expect(turn.append(event: Array("{}".utf8)) == [])
    #expect(range(turn.beginFlush()) == 1...1)
    #expect(turn.text("d") == [])
    #expect(turn.beginFlush() == nil)
    #expect(turn.flushSucceeded() == [.publish, .flush])
    #expect(turn.head == 1)
    #expect(range(turn.beginFlush()) == 2...2)
    #expect(turn.flushSucceeded() == [.publish])
    #expect(turn.text("e") == [.flush])
  }

  @Test func readersSeeNothingBeforeItsCommit() {
    var turn = Turn()
    turn.text("a")
    #expect(turn.head == 0)
    _ = turn.beginFlush()
    #expect(turn.head == 0)
    _ = turn.flushSucceeded()
    #expect(turn.head == 1)
  }

  @Test func relaxedReadersSeeTextOnArrivalButTheEndOnlyWhenItIsCommitted() {
    var turn = Turn(durability: .relaxed)
    #expect(turn.text("a") == [.flush, .urgent, .publish])
    #expect(turn.head == 1)
    #expect(turn.text("b") == [.publish])
    #expect(turn.head == 2)
    #expect(range(turn.beginFlush()) == 1...2)
    #expect(turn.text("c") == [.publish])
    #expect(turn.flushSucceeded() == [.flush])
    #expect(turn.upstreamEnded() == [.urgent])
    #expect(range(turn.beginFlush()) == 3...4)
    #expect(turn.head == 3)
    #expect(turn.terminal == nil)
    #expect(turn.finishSucceeded() == [.publish, .retire])
    #expect(turn.head == 4)
  }

  @Test(arguments: Ending.all) func eachEndingIsFlushedWithItsTerminalOnce(ending: Ending) throws {
    var turn = Turn()
    turn.text("a")
    #expect(ending.input(&turn) == (ending.closesUpstream ? [.urgent, .closeUpstream] : [.urgent]))
    #expect(turn.phase == .ending(ending.terminal))
    guard case .finish(let chunks, let terminal) = turn.beginFlush() else {
      Issue.record("no finish")
      return
    }
    #expect(chunks == 1...2)
    #expect(terminal == ending.terminal)
    #expect(Array(turn.log.events(of: 2)) == Array(terminal.events.joined(separator: [0x2C])))
    #expect(turn.phase == .finishing(terminal))
    #expect(turn.terminal == nil)
    #expect(turn.head == 0)
    #expect(turn.beginFlush() == nil)
    #expect(turn.finishSucceeded() == [.publish, .retire])
    #expect(turn.phase == .ended(terminal))
    #expect(turn.terminal == terminal)
    #expect(turn.head == 2)
    #expect(turn.finishSucceeded() == [])
    #expect(turn.beginFlush() == nil)
  }

  @Test(arguments: Ending.all) func aTurnWithoutTextEndsWithTheTerminalChunkAlone(ending: Ending) {
    var turn = Turn()
    let effects = ending.input(&turn)
    #expect(effects == (ending.closesUpstream ? [.flush, .urgent, .closeUpstream] : [.flush, .urgent]))
    #expect(range(turn.beginFlush()) == 1...1)
    _ = turn.finishSucceeded()
    #expect(turn.head == 1)
    #expect(!turn.log.hasAnswer)
  }

  @Test(arguments: Ending.all) func anEndDuringAFlushWaitsForIt(ending: Ending) {
    var turn = Turn()
    turn.text("a")
    _ = turn.beginFlush()
    turn.text("b")
    #expect(!ending.input(&turn).contains(.flush))
    #expect(turn.beginFlush() == nil)
    #expect(turn.flushSucceeded() == [.publish, .flush, .urgent])
    #expect(range(turn.beginFlush()) == 2...3)
  }

  @Test(arguments: Ending.all, Ending.all)
  func theFirstEndingStandsAndNothingComesAfterIt(first: Ending, second: Ending) {
    var turn = Turn()
    turn.text("a")
    _ = first.input(&turn)
    for step in 0..<3 {
      let (phase, count) = (turn.phase, turn.log.byteCount)
      #expect(second.input(&turn) == [])
      #expect(turn.text("late") == [])
      #expect(turn.reasoning("late") == [])
      #expect(turn.append(event: Array("{}".utf8)) == [])
      turn.report(usage: Usage(inputTokens: 9, outputTokens: 9))
      turn.report(finish: .length)
      #expect(turn.phase == phase)
      #expect(turn.log.byteCount == count)
      #expect(turn.usage == nil)
      if step == 0 { _ = turn.beginFlush() } else { _ = turn.finishSucceeded() }
    }
    #expect(turn.terminal == first.terminal)
  }

  @Test func theLastReportOfUsageAndReasonCounts() {
    var turn = Turn()
    turn.report(usage: Usage(inputTokens: 1, outputTokens: 1))
    turn.report(finish: .stop)
    turn.report(usage: Usage(inputTokens: 1, outputTokens: 5))
    turn.report(finish: .length)
    _ = turn.upstreamEnded()
    let terminal = Terminal(state: .done, finishReason: .length, usage: Usage(inputTokens: 1, outputTokens: 5))
    #expect(turn.phase == .ending(terminal))
  }

  @Test(arguments: Ending.all.dropFirst()) func whatWasUsedIsToldHoweverTheTurnEnds(ending: Ending) {
    var turn = Turn()
    turn.report(usage: Usage(inputTokens: 7, outputTokens: 2))
    _ = ending.input(&turn)
    guard case .finish(_, let terminal) = turn.beginFlush() else {
      Issue.record("no finish")
      return
    }
    // More may have come that the provider did not live to count.
    #expect(terminal.usage == Usage(inputTokens: 7, outputTokens: 2, isEstimated: true))
    #expect(terminal.finishReason == nil)
  }

  @Test(arguments: [Turn.Durability.commit, .relaxed]) func aTurnPastItsLimitEndsItsTextKept(
    durability: Turn.Durability
  ) throws {
    var turn = Turn(durability: durability, limit: 200)
    turn.text(String(repeating: "a", count: 100))
    let effects = turn.text(String(repeating: "b", count: 200))
    #expect(effects.isSuperset(of: [.urgent, .closeUpstream]))
    #expect(turn.phase == .ending(Terminal(state: .error, error: .tooLong)))
    _ = turn.beginFlush()
    _ = turn.finishSucceeded()
    #expect(turn.log.answer.count == 300)
  }

  @Test func emptyDeltasChangeNothing() {
    var turn = Turn()
    #expect(turn.text("") == [])
    #expect(turn.reasoning("") == [])
    #expect(turn.text("a").contains(.urgent))
  }

  @Test func pausesAt80PercentOfTheUncommittedWindowAndGoesOnAt50Percent() {
    #expect(Turn.window == 65_536)
    #expect(Turn.pauseAt == 52_428)
    #expect(Turn.resumeAt == 32_768)
    var turn = Turn()
    // Two flushes: the first leaves more than half of the window, the second less.
    turn.text(String(repeating: "a", count: 12_000))
    _ = turn.beginFlush()
    #expect(turn.text(String(repeating: "b", count: 40_000)) == [])
    #expect(turn.text(String(repeating: "c", count: 1_000)) == [.pauseUpstream])
    #expect(turn.text(String(repeating: "d", count: 1_000)) == [])
    #expect(turn.flushSucceeded() == [.publish, .flush])
    _ = turn.beginFlush()
    #expect(turn.flushSucceeded() == [.publish, .resumeUpstream])
    #expect(turn.text("e") == [.flush])
  }

  @Test func committedTextDoesNotPauseHoweverLong() {
    var turn = Turn()
    for _ in 0..<100 {
      #expect(!turn.text(String(repeating: "a", count: 20_000)).contains(.pauseUpstream))
      _ = turn.beginFlush()
      #expect(!turn.flushSucceeded().contains(.resumeUpstream))
    }
  }

  /// The number of steps of a turn's life done before the verdict.
  @Test(arguments: 0..<6) func aVerdictStandsInEveryPhaseButTheEnd(steps: Int) {
    var turn = Turn()
    let life: [(inout Turn) -> Void] = [
      { $0.text("a") }, { _ = $0.beginFlush() }, { _ = $0.upstreamEnded() }, { _ = $0.flushSucceeded() },
      { _ = $0.beginFlush() },
    ]
    for step in life.prefix(steps) { step(&turn) }
    let head = turn.head
    #expect(turn.lose() == (steps < 3 ? [.publish, .retire, .closeUpstream] : [.publish, .retire]))
    #expect(turn.phase == .lost)
    #expect(turn.lose() == [])
    #expect(turn.flushSucceeded() == [])
    #expect(turn.finishSucceeded() == [])
    #expect(turn.beginFlush() == nil)
    #expect(turn.text("late") == [])
    #expect(turn.cancel() == [])
    #expect(turn.upstreamEnded() == [])
    #expect(turn.phase == .lost)
    #expect(turn.terminal == nil)
    #expect(turn.head == head)
  }

  @Test func whatIsCommittedAsEndedCannotBeLost() {
    var turn = Turn()
    _ = turn.cancel()
    _ = turn.beginFlush()
    _ = turn.finishSucceeded()
    #expect(turn.lose() == [])
    #expect(turn.terminal == Terminal(state: .cancelled))
  }

  @Test func answersNobodyWaitsForChangeNothing() {
    var turn = Turn()
    #expect(turn.flushSucceeded() == [])
    #expect(turn.finishSucceeded() == [])
    turn.text("a")
    #expect(turn.finishSucceeded() == [])
    #expect(turn.flushSucceeded() == [])
    #expect(turn.head == 0)
    _ = turn.upstreamEnded()
    #expect(turn.finishSucceeded() == [])
    #expect(turn.terminal == nil)
  }

  @Test func aTurnThatIsLeftToAnotherNodeGivesNothingMore() {
    var turn = Turn()
    turn.text("a")
    #expect(turn.leave() == [.publish, .retire, .closeUpstream])
    #expect(turn.phase == .lost)
    #expect(turn.beginFlush() == nil)
    #expect(turn.interrupt() == [])
    #expect(turn.leave() == [])
  }

  @Test func aTurnThatHasItsEndIsNotLeft() {
    var turn = Turn()
    turn.text("a")
    _ = turn.upstreamEnded()
    #expect(turn.leave() == [])
    #expect(turn.beginFlush() != nil)
    #expect(turn.leave() == [])
    #expect(turn.finishSucceeded() == [.publish, .retire])
    #expect(turn.leave() == [])
    #expect(turn.terminal?.state == .done)
  }
}
