import Chat
import TestSupport
import Testing

/// A turn amid a simple flusher, a database that keeps what was committed, and a reader: what the state machine is
/// told, and what must hold after every step.
struct TurnWorld {
  private(set) var turn: Turn
  private let durability: Turn.Durability

  // The flusher and its rows.
  private let isGathered: Bool
  private var now = 1_000
  private var isAwaited = false
  private var isListed = false
  private var inFlight: (flush: Turn.Flush, rows: [Int: [UInt8]])?
  private(set) var rows: [Int: [UInt8]] = [:]
  private var sent = 0
  private var finishes = 0

  // The upstream.
  private var isPaused = false
  private var closes = 0
  private var retirements = 0
  private var accepted: [UInt8] = []
  private var terminal: Terminal?
  private(set) var isLost = false

  // The reader.
  private var offset = 0
  private var read: [UInt8] = []
  private var lastHead = 0

  init(durability: Turn.Durability, chunking: Chunking = .immediate, limit: Int) {
    turn = Turn(durability: durability, chunking: chunking, limit: limit)
    self.durability = durability
    isGathered = chunking != .immediate
  }

  private var isStreaming: Bool { turn.phase == .streaming }
  private var held: Int { turn.uncommittedBytes - turn.log.uncommittedBytes }
  var hasSettled: Bool { !isListed && inFlight == nil }
  var hasEnded: Bool { turn.terminal != nil }

  // MARK: inputs

  mutating func text(_ text: String) {
    let streamed = isStreaming
    let (first, count) = (turn.log.byteCount == 0, turn.log.byteCount)
    let effects = turn.text(text, at: now)
    if streamed { accepted += Script.readable(text) }
    appended(effects, streamed: streamed && !text.isEmpty, first: first, countBefore: count)
    if isGathered, isStreaming { #expect(held < 17_500) }
  }

  /// The clock goes on; whoever waits is called when its time has come.
  mutating func pass(_ milliseconds: Int) {
    now += milliseconds
    guard isAwaited, let due = turn.due ?? .some(now), due <= now else { return }
    isAwaited = false
    let (streamed, first, count) = (isStreaming, turn.log.byteCount == 0, turn.log.byteCount)
    let effects = turn.timePassed(at: now)
    #expect(!effects.contains(.pauseUpstream))
    if streamed, turn.log.byteCount > count {
      appended(effects, streamed: true, first: first, countBefore: count)
    } else {
      perform(effects)
    }
    if isStreaming, let due = turn.due { #expect(due > now && isAwaited) }
  }

  mutating func aside(_ random: inout SplitMix) {
    let streamed = isStreaming
    let (first, count) = (turn.log.byteCount == 0, turn.log.byteCount)
    let effects =
      Bool.random(using: &random)
      ? turn.reasoning("Hm \"\\\n") : turn.append(event: Array(#"{"type":"progress","id":"x"}"#.utf8))
    appended(effects, streamed: streamed, first: first, countBefore: count)
  }

  private mutating func appended(_ effects: Turn.Effects, streamed: Bool, first: Bool, countBefore: Int) {
    if !streamed {
      #expect(effects == [])
      #expect(turn.log.byteCount == countBefore)
    } else {
      let grew = turn.log.byteCount > countBefore
      #expect(grew || isGathered)
      if first, grew { #expect(effects.contains(.urgent)) }
      if !isStreaming {
        guard case .ending(let terminal) = turn.phase else { return }
        #expect(terminal.state == .error && terminal.error == .tooLong)
        began(terminal, effects, closes: true)
      } else {
        #expect(effects.contains(.publish) == (durability == .relaxed && grew))
      }
    }
    perform(effects)
    if isStreaming, !isGathered { #expect(isPaused || turn.uncommittedBytes < Turn.pauseAt) }
  }

  mutating func report(_ random: inout SplitMix) {
    if Bool.random(using: &random) {
      turn.report(usage: Usage(inputTokens: 1, outputTokens: Int.random(in: 0..<99, using: &random)))
    } else {
      turn.report(finish: FinishReason.allCases.randomElement(using: &random) ?? .stop)
    }
  }

  mutating func end(_ ending: Ending) {
    let streamed = isStreaming
    let effects = ending.input(&turn)
    if streamed, case .ending(let terminal) = turn.phase {
      #expect(terminal.state == ending.terminal.state)
      #expect(terminal.error == ending.terminal.error)
      #expect((terminal.finishReason != nil) == (terminal.state == .done))
      began(terminal, effects, closes: ending.closesUpstream)
    } else {
      #expect(effects == [])
    }
    perform(effects)
  }

  private mutating func began(_ terminal: Terminal, _ effects: Turn.Effects, closes: Bool) {
    #expect(self.terminal == nil)
    #expect(turn.phase == .ending(terminal))
    var counted = turn.usage
    counted?.isEstimated = terminal.state != .done
    #expect(terminal.usage == counted)
    #expect(effects.contains(.urgent))
    #expect(effects.contains(.closeUpstream) == closes)
    self.terminal = terminal
  }

  mutating func lose() {
    let (ended, streamed, lost) = (hasEnded, isStreaming, isLost)
    let effects = turn.lose()
    if ended || lost {
      #expect(effects == [])
    } else {
      #expect(effects == (streamed ? [.publish, .retire, .closeUpstream] : [.publish, .retire]))
      #expect(turn.phase == .lost)
      isLost = true
    }
    perform(effects)
  }

  // MARK: the flusher

  /// What it would take when its time comes; also asked when there is nothing to take.
  mutating func beginFlush() {
    let wasListed = isListed
    isListed = false
    let flush = turn.beginFlush()
    guard inFlight == nil, wasListed, !isLost else {
      #expect(flush == nil)
      return
    }
    let range: ClosedRange<Int>
    switch flush {
    case .chunks(let chunks):
      #expect(isStreaming)
      range = chunks
    case .finish(let chunks, let terminal):
      #expect(terminal == self.terminal)
      finishes += 1
      #expect(finishes == 1)
      range = chunks
    case nil:
      Issue.record("listed with nothing to write")
      return
    }
    #expect(range.lowerBound == sent + 1)
    #expect(range.upperBound == turn.log.sealed)
    #expect(!turn.log.hasUnsealed)
    sent = range.upperBound
    guard let flush else { return }
    var frozen: [Int: [UInt8]] = [:]
    for chunk in range { frozen[chunk] = Array(turn.log.events(of: chunk)) }
    inFlight = (flush, frozen)
  }

  /// The flight's outcome is known. A failed one is sent again as it was, which the turn is not told.
  mutating func land() {
    guard let (flush, frozen) = inFlight else { return }
    inFlight = nil
    for (chunk, events) in frozen where !isLost {
      #expect(Array(turn.log.events(of: chunk)) == events)
      #expect(events.count < TurnLog.chunkLimit)
      #expect(rows.updateValue(events, forKey: chunk) == nil)
    }
    switch flush {
    case .chunks:
      let effects = turn.flushSucceeded()
      if !isLost { #expect(effects.contains(.publish) == (durability == .commit)) }
      perform(effects)
      if isStreaming { #expect(!isPaused || turn.uncommittedBytes > Turn.resumeAt) }
    case .finish:
      let effects = turn.finishSucceeded()
      #expect(effects == (isLost ? [] : [.publish, .retire]))
      perform(effects)
    }
  }

  private mutating func perform(_ effects: Turn.Effects) {
    if effects.contains(.flush) {
      #expect(!isListed && inFlight == nil)
      isListed = true
    }
    #expect(!effects.isSuperset(of: [.pauseUpstream, .resumeUpstream]))
    if effects.contains(.pauseUpstream) {
      #expect(!isPaused && turn.uncommittedBytes >= Turn.pauseAt)
      isPaused = true
    }
    if effects.contains(.resumeUpstream) {
      #expect(isPaused && turn.uncommittedBytes <= Turn.resumeAt)
      isPaused = false
    }
    if effects.contains(.wait) {
      #expect(!isAwaited && turn.due != nil)
      isAwaited = true
    }
    if effects.contains(.closeUpstream) { closes += 1 }
    if effects.contains(.retire) { retirements += 1 }
    #expect(closes <= 1)
    #expect(retirements <= 1)
    check()
  }

  // MARK: what must hold

  private mutating func check() {
    guard !isLost else { return }
    #expect(turn.head >= lastHead)
    lastHead = turn.head
    #expect(turn.log.watermark == rows.count)
    #expect(turn.head <= (durability == .commit || hasEnded ? rows.count : turn.log.sealed))
    if case .finishing = turn.phase { #expect(turn.head < turn.log.sealed) }
    // No lost wake-up: whatever is not sent is on the list, or follows the flight.
    let isDirty = turn.log.hasUnsealed || turn.log.sealed > sent || terminal != nil && finishes == 0
    if isDirty { #expect(isListed || inFlight != nil) }
    if isStreaming, turn.due != nil { #expect(isAwaited) }
    if !isStreaming { #expect(held == 0) }
    #expect(hasEnded == (retirements == 1))
  }

  /// A poll: what is there past the reader's offset.
  mutating func poll() {
    guard !isLost else { return }
    let slice = turn.log.slice(after: offset, through: turn.head)
    #expect(slice.offset <= turn.head)
    if slice.events.isEmpty { return }
    if !read.isEmpty { read.append(0x2C) }
    read += slice.events
    offset = slice.offset
  }

  /// After the end: the reader has every event once, the terminal is last and only there, the rows say the same.
  mutating func conclude() throws {
    while offset < turn.head { poll() }
    let events = try Event.list(read)
    #expect(events.text(of: "text") == accepted)
    #expect(turn.log.answer == accepted)
    #expect(events.filter { $0.type == "end" }.count == 1)
    let last = terminal?.events.map { String(decoding: $0, as: UTF8.self) } ?? []
    #expect(events.suffix(last.count).map(\.json) == last)
    #expect(rows.keys.sorted() == Array(1...turn.log.sealed))
    #expect(Array(rows.sorted { $0.key < $1.key }.map(\.value).joined(separator: [0x2C])) == read)
    let terminalRow = String(decoding: rows[turn.log.sealed] ?? [], as: UTF8.self)
    #expect(terminalRow == last.joined(separator: ","))
    #expect(closes == (terminal?.state == .done ? 0 : 1))
  }
}
