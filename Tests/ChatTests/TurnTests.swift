import Chat
import Testing

@Suite struct TurnTests {
  private static let failure = TurnError(code: "upstream_error", message: "The model failed.", retryable: true)

  /// Every way a turn can stop streaming, with the terminal it leads to and whether the upstream is to be closed.
  static let endings: [(name: String, input: @Sendable (inout Turn) -> Turn.Effects, terminal: Terminal, closes: Bool)] = [
    ("ended", { $0.upstreamEnded() }, Terminal(state: .done, finishReason: .stop), false),
    ("failed", { $0.upstreamFailed(failure) }, Terminal(state: .error, error: failure), true),
    ("cancelled", { $0.cancel() }, Terminal(state: .cancelled), true),
    ("interrupted", { $0.interrupt() }, Terminal(state: .interrupted), true),
  ]

  private func range(_ flush: Turn.Flush?) -> ClosedRange<Int>? {
    switch flush {
    case .chunks(let range): range
    case .finish(let range, _): range
    case nil: nil
    }
  }

  @Test func `a new turn streams and has nothing`() {
    var turn = Turn()
    #expect(turn.phase == .streaming)
    #expect(turn.head == 0)
    #expect(turn.terminal == nil)
    #expect(turn.log.epoch == 1)
    #expect(turn.beginFlush() == nil)
    #expect(Turn(epoch: 4).log.epoch == 4)
  }

  @Test func `the first text is urgent, further text is queued once`() {
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

  @Test func `readers see nothing before its commit`() {
    var turn = Turn()
    turn.text("a")
    #expect(turn.head == 0)
    _ = turn.beginFlush()
    #expect(turn.head == 0)
    _ = turn.flushSucceeded()
    #expect(turn.head == 1)
  }

  @Test func `relaxed readers see text on arrival, but the end only when it is committed`() {
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

  @Test(arguments: 0..<4) func `each ending is flushed with its terminal, once`(index: Int) throws {
    let ending = Self.endings[index]
    var turn = Turn()
    turn.text("a")
    #expect(ending.input(&turn) == (ending.closes ? [.urgent, .closeUpstream] : [.urgent]))
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

  @Test(arguments: 0..<4) func `a turn without text ends with the terminal chunk alone`(index: Int) {
    let ending = Self.endings[index]
    var turn = Turn()
    let effects = ending.input(&turn)
    #expect(effects == (ending.closes ? [.flush, .urgent, .closeUpstream] : [.flush, .urgent]))
    #expect(range(turn.beginFlush()) == 1...1)
    _ = turn.finishSucceeded()
    #expect(turn.head == 1)
    #expect(!turn.log.hasAnswer)
  }

  @Test(arguments: 0..<4) func `an end during a flush waits for it`(index: Int) {
    var turn = Turn()
    turn.text("a")
    _ = turn.beginFlush()
    turn.text("b")
    #expect(!Self.endings[index].input(&turn).contains(.flush))
    #expect(turn.beginFlush() == nil)
    #expect(turn.flushSucceeded() == [.publish, .flush, .urgent])
    #expect(range(turn.beginFlush()) == 2...3)
  }

  @Test(arguments: 0..<4, 0..<4) func `the first ending stands and nothing comes after it`(first: Int, second: Int) {
    var turn = Turn()
    turn.text("a")
    _ = Self.endings[first].input(&turn)
    for step in 0..<3 {
      let (phase, count) = (turn.phase, turn.log.byteCount)
      #expect(Self.endings[second].input(&turn) == [])
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
    #expect(turn.terminal == Self.endings[first].terminal)
  }

  @Test func `the last report of usage and reason counts`() {
    var turn = Turn()
    turn.report(usage: Usage(inputTokens: 1, outputTokens: 1))
    turn.report(finish: .stop)
    turn.report(usage: Usage(inputTokens: 1, outputTokens: 5))
    turn.report(finish: .length)
    _ = turn.upstreamEnded()
    let terminal = Terminal(state: .done, finishReason: .length, usage: Usage(inputTokens: 1, outputTokens: 5))
    #expect(turn.phase == .ending(terminal))
  }

  @Test(arguments: 1..<4) func `what was used is told however the turn ends`(index: Int) {
    var turn = Turn()
    turn.report(usage: Usage(inputTokens: 7, outputTokens: 2))
    _ = Self.endings[index].input(&turn)
    guard case .finish(_, let terminal) = turn.beginFlush() else {
      Issue.record("no finish")
      return
    }
    #expect(terminal.usage == Usage(inputTokens: 7, outputTokens: 2))
    #expect(terminal.finishReason == nil)
  }

  @Test(arguments: [Turn.Durability.commit, .relaxed]) func `a turn past its limit ends, its text kept`(
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

  @Test func `empty deltas change nothing`() {
    var turn = Turn()
    #expect(turn.text("") == [])
    #expect(turn.reasoning("") == [])
    #expect(turn.text("a").contains(.urgent))
  }

  @Test func `pauses at 80 % of the uncommitted window and goes on at 50 %`() {
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

  @Test func `committed text does not pause, however long`() {
    var turn = Turn()
    for _ in 0..<100 {
      #expect(!turn.text(String(repeating: "a", count: 20_000)).contains(.pauseUpstream))
      _ = turn.beginFlush()
      #expect(!turn.flushSucceeded().contains(.resumeUpstream))
    }
  }

  /// The number of steps of a turn's life done before the verdict.
  @Test(arguments: 0..<6) func `a verdict stands in every phase but the end`(steps: Int) {
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

  @Test func `what is committed as ended cannot be lost`() {
    var turn = Turn()
    _ = turn.cancel()
    _ = turn.beginFlush()
    _ = turn.finishSucceeded()
    #expect(turn.lose() == [])
    #expect(turn.terminal == Terminal(state: .cancelled))
  }

  @Test func `answers nobody waits for change nothing`() {
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
}
