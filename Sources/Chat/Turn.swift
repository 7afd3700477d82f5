/// The turn state machine of the owner. Pure: upstream events, commits, cancels and verdicts go in, effects come out.
///
/// The shell (Service/Turns) locks, calls one method, unlocks and performs the effects. The flusher alone calls
/// `beginFlush` and reports each flush back by `flushSucceeded` or `finishSucceeded`; one that failed is repeated
/// unchanged and not reported.
package struct Turn: Sendable {
  package enum Phase: Equatable, Sendable {
    /// Upstream may deliver. → ending, lost
    case streaming
    /// Nothing more comes from upstream; the last text and the terminal chunk wait for the flusher. → finishing, lost
    case ending(Terminal)
    /// The terminal write is on its way, frozen. → ended, lost
    case finishing(Terminal)
    /// The terminal chunk is committed. Final.
    case ended(Terminal)
    /// Another node has ended this turn, or may begin it anew: nothing of it may be served from here. Final.
    case lost
  }

  /// What the shell has to do after a call.
  package struct Effects: OptionSet, Sendable {
    package let rawValue: UInt16
    package init(rawValue: UInt16) { self.rawValue = rawValue }
    /// Put the turn on the flusher's list.
    package static let flush = Effects(rawValue: 1 << 0)
    /// Do not wait for the flusher's interval: a reader sees the first text or the end.
    package static let urgent = Effects(rawValue: 1 << 1)
    /// Look for readers that are due.
    package static let publish = Effects(rawValue: 1 << 2)
    package static let pauseUpstream = Effects(rawValue: 1 << 3)
    package static let resumeUpstream = Effects(rawValue: 1 << 4)
    /// Close the transfer: nothing it may still say counts.
    package static let closeUpstream = Effects(rawValue: 1 << 5)
    /// The turn is over for this node: take it out of the registry once its readers are answered.
    package static let retire = Effects(rawValue: 1 << 6)
    /// Call `timePassed` once, at `due`, at once if that is nil by then: text waits for its chunk.
    package static let wait = Effects(rawValue: 1 << 7)
    /// Ask for `wanted` tokens and call `granted` with what may be used.
    package static let reserve = Effects(rawValue: 1 << 8)
  }

  /// What the flusher writes for one turn.
  package enum Flush: Sendable {
    /// Chunks of this range of numbers.
    case chunks(ClosedRange<Int>)
    /// The same (it may be empty) up to the terminal chunk, which is the last, with the final message.
    case finish(chunks: ClosedRange<Int>, Terminal)
  }

  package enum Durability: String, Sendable { case commit, relaxed }

  /// Tokens that a turn reserves at a time.
  package static let tokensAtATime = Spending.step
  /// Uncommitted bytes at which the upstream is paused, and at which it goes on.
  package static let window = 64 * 1024
  package static let pauseAt = window * 8 / 10
  package static let resumeAt = window / 2

  package private(set) var phase = Phase.streaming
  package private(set) var log: TurnLog
  private var spending = Spending()
  package let durability: Durability
  private let limit: Int
  /// Gathers text into chunks; nil where each delta goes as it comes.
  private var chunker: Chunker?
  /// `wait` is unanswered.
  private var isAwaited = false
  private var finishReason: FinishReason?
  private var inFlight = false
  private var queued = false
  private var paused = false
  private var sentThrough = 0

  /// `limit`: the most bytes of log a turn may have; past it the turn ends with `turn_too_long`.
  package init(
    epoch: Int = 1, durability: Durability = .commit, chunking: Chunking = .immediate, limit: Int = 8 << 20
  ) {
    log = TurnLog(epoch: epoch)
    self.durability = durability
    self.limit = limit
    if chunking.mode != .immediate { chunker = Chunker(chunking) }
  }

  /// How many chunks readers may see: the watermark, or with relaxed durability all that is sealed but the terminal
  /// chunk, which always waits for its commit.
  package var head: Int {
    switch (durability, phase) {
    case (.relaxed, .streaming), (.relaxed, .ending): log.sealed
    case (.relaxed, .finishing): max(log.watermark, log.sealed - 1)
    default: log.watermark
    }
  }

  /// The provider's count so far.
  package var usage: Usage? { spending.reported }

  /// Tokens used so far, estimated where nobody has counted them; nil while no provider answers.
  package var usageSoFar: Usage? { spending.soFar }

  package var terminal: Terminal? {
    if case .ended(let terminal) = phase { terminal } else { nil }
  }

  /// Whether text is gathered, so that the time of a delta matters.
  package var gathers: Bool { chunker != nil }

  /// When text that waits for its chunk is due, in milliseconds on the clock of `appendText`; nil if none waits.
  package var due: Int? { chunker?.due }

  /// Bytes that are not committed yet, those that wait for their chunk among them: the window that pauses the upstream.
  package var uncommittedBytes: Int { log.uncommittedBytes + (chunker?.count ?? 0) }

  // MARK: upstream

  /// A text delta, valid UTF-8. After the end of the stream it is ignored. `now`: milliseconds on any one clock, for a
  /// turn that gathers.
  package mutating func appendText(_ utf8: UnsafeRawBufferPointer, at now: Int = 0) -> Effects {
    guard phase == .streaming, !utf8.isEmpty else { return [] }
    let effects = chunker != nil ? gather(utf8, at: now) : append { $0.appendText(utf8) }
    return effects.union(spend(utf8.count))
  }

  /// A reasoning delta that the virtual model's policy lets clients see.
  package mutating func appendReasoning(_ utf8: UnsafeRawBufferPointer) -> Effects {
    guard phase == .streaming, !utf8.isEmpty else { return [] }
    return append { $0.appendReasoning(utf8) }.union(spend(utf8.count))
  }

  /// One whole event object, say of progress.
  package mutating func append(event: [UInt8]) -> Effects {
    guard phase == .streaming else { return [] }
    return append { $0.append(event: event) }
  }

  private mutating func append(_ body: (inout TurnLog) -> Void) -> Effects {
    let former = log.byteCount
    chunker?.releaseAll(to: &log)
    body(&log)
    return grown(since: former).union(pauseWhenFull())
  }

  private mutating func gather(_ utf8: UnsafeRawBufferPointer, at now: Int) -> Effects {
    let former = log.byteCount
    chunker?.append(utf8, at: now, to: &log)
    return grown(since: former).union(pauseWhenFull())
  }

  /// The time of `wait` has come. It never pauses the upstream: only who feeds it can.
  package mutating func timePassed(at now: Int) -> Effects {
    isAwaited = false
    guard phase == .streaming else { return [] }
    let former = log.byteCount
    chunker?.timePassed(at: now, to: &log)
    return grown(since: former)
  }

  /// The log has taken something, or the chunker has.
  private mutating func grown(since former: Int) -> Effects {
    let held = chunker?.count ?? 0
    if log.byteCount + held > limit { return end(.error, error: .tooLong, close: true) }
    var effects: Effects = []
    if held > 0, !isAwaited, due != nil {
      isAwaited = true
      effects.insert(.wait)
    }
    guard log.byteCount > former else { return effects }
    if durability == .relaxed {
      log.seal()
      effects.insert(.publish)
    }
    if former == 0 { effects.insert(.urgent) }
    return effects.union(queueFlush())
  }

  private mutating func pauseWhenFull() -> Effects {
    guard phase == .streaming, uncommittedBytes >= Self.pauseAt else { return [] }
    return pause()
  }

  // MARK: tokens

  /// What is sent is taken for `input` tokens; so many may be used in all without asking, nil: no limit counts them.
  package mutating func begin(input: Int, reserved: Int?) -> Effects {
    guard phase == .streaming else { return [] }
    spending.begin(input: input, reserved: reserved)
    return spend(0)
  }

  /// Of what clients do not see: hidden reasoning, calls of tools that are still to come.
  package mutating func spend(unseen bytes: Int) -> Effects { phase == .streaming ? spend(bytes) : [] }

  /// The request's provider answers it.
  package mutating func requestTaken() {
    if phase == .streaming { spending.taken() }
  }

  /// All that is reserved is used, or will be by what is sent.
  package var isShort: Bool { spending.isUsedUp }

  /// Tokens to ask for, those used included; nil if none are.
  package var wanted: Int? { phase == .streaming && spending.isLimited ? spending.wanted : nil }

  /// The answer to `reserve`: how many tokens may be used in all; nil: no limit counts them any more.
  package mutating func granted(_ tokens: Int?) -> Effects {
    guard phase == .streaming else { return [] }
    let effects = heed(spending.granted(tokens))
    guard phase == .streaming else { return effects }
    return effects.union(goOnWhenFree())
  }

  private mutating func spend(_ bytes: Int) -> Effects {
    spending.add(bytes)
    guard spending.isLimited, phase == .streaming else { return [] }
    return heed(spending.need)
  }

  private mutating func heed(_ need: Spending.Need) -> Effects {
    switch need {
    case .nothing: return []
    case .more:
      spending.ask()
      return spending.isUsedUp ? pause().union(.reserve) : .reserve
    case .pause: return pause()
    case .end: return end(.error, error: .budgetExhausted, close: true)
    }
  }

  private mutating func pause() -> Effects {
    if paused { return [] }
    paused = true
    return .pauseUpstream
  }

  private mutating func goOnWhenFree() -> Effects {
    guard paused, uncommittedBytes <= Self.resumeAt, !spending.isUsedUp else { return [] }
    paused = false
    return .resumeUpstream
  }

  // MARK: what the provider says of its answer

  /// The provider's count so far; it replaces the former one.
  package mutating func report(usage: Usage) {
    if phase == .streaming { spending.report(usage) }
  }

  /// What the provider has reported does not count: another one is asked.
  package mutating func forgetReports() {
    guard phase == .streaming else { return }
    spending.forget()
    finishReason = nil
    // That was another transfer.
    paused = false
  }

  /// The provider said why it stopped; usage and the end of the stream may still follow.
  package mutating func report(finish reason: FinishReason) {
    if phase == .streaming { finishReason = reason }
  }

  /// The stream ended as the provider's format says a whole answer ends.
  package mutating func upstreamEnded() -> Effects {
    guard phase == .streaming else { return [] }
    return end(.done, finishReason: finishReason ?? .stop, close: false)
  }

  /// The stream broke or carried an error. The text so far stays.
  package mutating func upstreamFailed(_ error: TurnError) -> Effects {
    guard phase == .streaming else { return [] }
    return end(.error, error: error, close: true)
  }

  /// A client asked to stop. Too late is no error: the turn ends as it would have.
  package mutating func cancel() -> Effects {
    guard phase == .streaming else { return [] }
    return end(.cancelled, close: true)
  }

  /// The node gives up the turn (drain).
  package mutating func interrupt() -> Effects {
    guard phase == .streaming else { return [] }
    return end(.interrupted, close: true)
  }

  /// The node leaves the turn to another one, which begins it anew. One that has its end already is not left.
  package mutating func leave() -> Effects { phase == .streaming ? lose() : [] }

  private mutating func end(
    _ state: TurnState, finishReason: FinishReason? = nil, error: TurnError? = nil, close: Bool
  ) -> Effects {
    let former = log.byteCount
    chunker?.releaseAll(to: &log)
    phase = .ending(Terminal(state: state, finishReason: finishReason, usage: spending.atEnd(state), error: error))
    var effects = queueFlush().union(.urgent)
    if close { effects.insert(.closeUpstream) }
    if durability == .relaxed, log.byteCount > former { effects.insert(.publish) }
    return effects
  }

  // MARK: the flusher

  private mutating func queueFlush() -> Effects {
    if queued || inFlight { return [] }
    queued = true
    return .flush
  }

  /// Seals what has gathered and hands it over. Nil if there is nothing to write.
  package mutating func beginFlush() -> Flush? {
    queued = false
    guard !inFlight else { return nil }
    let first = sentThrough + 1
    switch phase {
    case .streaming:
      log.seal()
      guard log.sealed >= first else { return nil }
      inFlight = true
      sentThrough = log.sealed
      return .chunks(first...log.sealed)
    case .ending(let terminal):
      log.seal()
      for event in terminal.events { log.append(event: event) }
      log.seal()
      inFlight = true
      sentThrough = log.sealed
      phase = .finishing(terminal)
      return .finish(chunks: first...log.sealed, terminal)
    case .finishing, .ended, .lost:
      return nil
    }
  }

  /// The chunks of the last `beginFlush` are committed.
  package mutating func flushSucceeded() -> Effects {
    guard inFlight, phase != .lost else { return [] }
    inFlight = false
    log.commit(through: sentThrough)
    var effects: Effects = durability == .relaxed ? [] : .publish
    effects.formUnion(goOnWhenFree())
    switch phase {
    case .ending: effects.formUnion(queueFlush().union(.urgent))
    case .streaming where log.hasUnsealed || log.sealed > sentThrough: effects.formUnion(queueFlush())
    default: break
    }
    return effects
  }

  /// The terminal write of the last `beginFlush` is committed.
  package mutating func finishSucceeded() -> Effects {
    guard case .finishing(let terminal) = phase else { return [] }
    inFlight = false
    log.commit(through: sentThrough)
    phase = .ended(terminal)
    return [.publish, .retire]
  }

  /// Another node's verdict stands: this node was voided. Readers are to ask again and get what is committed.
  package mutating func lose() -> Effects {
    if phase == .lost || terminal != nil { return [] }
    let wasStreaming = phase == .streaming
    phase = .lost
    return wasStreaming ? [.publish, .retire, .closeUpstream] : [.publish, .retire]
  }
}
