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
    package let rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }
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
  }

  /// What the flusher writes for one turn.
  package enum Flush: Sendable {
    /// Chunks of this range of numbers.
    case chunks(ClosedRange<Int>)
    /// The same (it may be empty) up to the terminal chunk, which is the last, with the final message.
    case finish(chunks: ClosedRange<Int>, Terminal)
  }

  package enum Durability: String, Sendable { case commit, relaxed }

  /// Uncommitted bytes at which the upstream is paused, and at which it goes on.
  package static let window = 64 * 1024
  package static let pauseAt = window * 8 / 10
  package static let resumeAt = window / 2

  package private(set) var phase = Phase.streaming
  package private(set) var log: TurnLog
  package private(set) var usage: Usage?
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
    if chunker != nil { return gather(utf8, at: now) }
    return append { $0.appendText(utf8) }
  }

  /// A reasoning delta that the virtual model's policy lets clients see.
  package mutating func appendReasoning(_ utf8: UnsafeRawBufferPointer) -> Effects {
    guard phase == .streaming, !utf8.isEmpty else { return [] }
    return append { $0.appendReasoning(utf8) }
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
    if log.byteCount + held > limit { return end(Terminal(state: .error, usage: usage, error: .tooLong), close: true) }
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
    guard !paused, phase == .streaming, uncommittedBytes >= Self.pauseAt else { return [] }
    paused = true
    return .pauseUpstream
  }

  /// The provider's count so far; it replaces the former one.
  package mutating func report(usage: Usage) {
    if phase == .streaming { self.usage = usage }
  }

  /// What the provider has reported does not count: another one is asked.
  package mutating func forgetReports() {
    guard phase == .streaming else { return }
    usage = nil
    finishReason = nil
  }

  /// The provider said why it stopped; usage and the end of the stream may still follow.
  package mutating func report(finish reason: FinishReason) {
    if phase == .streaming { finishReason = reason }
  }

  /// The stream ended as the provider's format says a whole answer ends.
  package mutating func upstreamEnded() -> Effects {
    guard phase == .streaming else { return [] }
    return end(Terminal(state: .done, finishReason: finishReason ?? .stop, usage: usage), close: false)
  }

  /// The stream broke or carried an error. The text so far stays.
  package mutating func upstreamFailed(_ error: TurnError) -> Effects {
    guard phase == .streaming else { return [] }
    return end(Terminal(state: .error, usage: usage, error: error), close: true)
  }

  /// A client asked to stop. Too late is no error: the turn ends as it would have.
  package mutating func cancel() -> Effects {
    guard phase == .streaming else { return [] }
    return end(Terminal(state: .cancelled, usage: usage), close: true)
  }

  /// The node gives up the turn (drain).
  package mutating func interrupt() -> Effects {
    guard phase == .streaming else { return [] }
    return end(Terminal(state: .interrupted, usage: usage), close: true)
  }

  /// The node leaves the turn to another one, which begins it anew. One that has its end already is not left.
  package mutating func leave() -> Effects { phase == .streaming ? lose() : [] }

  private mutating func end(_ terminal: Terminal, close: Bool) -> Effects {
    let former = log.byteCount
    chunker?.releaseAll(to: &log)
    phase = .ending(terminal)
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
    if paused, uncommittedBytes <= Self.resumeAt {
      paused = false
      effects.insert(.resumeUpstream)
    }
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
