import Chat
import EventLoop
import Logging
import Store
import Synchronization

/// The one writer of a node's turn logs.
///
/// It takes all dirty turns, seals what has gathered in each and sends the chunks of all in one statement; it starts
/// again when that is answered, at most every 2 ms; first texts and ends do not wait for the 2 ms. The end of a turn is
/// a transaction of its own, so that what holds it up holds up nobody else. What was sent is frozen: after a failure it
/// is sent again byte for byte until it is written or this node's incarnation is voided.
// Sendable is unchecked because all mutable state but the list of dirty turns is confined to the loop.
final class Flusher: TimerHandler, @unchecked Sendable {
  /// Least nanoseconds between two flushes.
  static let interval: UInt64 = 2_000_000
  /// Bytes of chunks at which a statement is full; it holds whole turns, at least one.
  static let statementLimit = 4 << 20
  /// Most turns taken at once; the rest goes with the next flush.
  static let turnLimit = 2_000

  private struct Inbox {
    var dirty: [LiveTurn] = []
    var urgent = false
    var awake = false
  }

  /// One turn's part of a flush.
  private struct Share {
    let turn: LiveTurn
    let chunks: [FlushStore.Chunk]
    var byteCount: Int { chunks.reduce(0) { $0 + $1.events.count } }
  }

  /// A frozen statement of chunks, and whose they are.
  private struct Flush {
    let write: FlushStore.Write
    let shares: [Share]
    let incarnation: ID
    let begun = Instant.now()
    var attempts = 0
  }

  private let loop: EventLoop
  private let store: FlushStore
  private let finisher: Finisher
  private let node: Node
  private let log: Logger
  private let failures: DatabaseLog
  private let meters: Meters
  private let inbox = Mutex(Inbox())
  /// The first is under way, or waits to be sent again.
  private var flushes: [Flush] = [] {
    didSet { underWay.store(flushes.reduce(0) { $0 + $1.shares.count }, ordering: .relaxed) }
  }
  private let underWay = Atomic<Int>(0)
  private let lastDuration = Atomic<UInt64>(0)
  private var lastStart = Instant(nanoseconds: 0)
  private var timer: TimerID?

  /// `store` is on a connection of the flusher's own, on this loop.
  init(
    loop: EventLoop, store: FlushStore, finisher: Finisher, node: Node, log: Logger, failures: DatabaseLog,
    meters: Meters
  ) {
    self.loop = loop
    self.store = store
    self.finisher = finisher
    self.node = node
    self.log = log
    self.failures = failures
    self.meters = meters
  }

  /// What it is doing.
  struct Gauges: Sendable {
    /// Turns with something to write that is not on its way.
    let dirty: Int
    /// Turns of the statement under way, and of those that wait behind it.
    let underWay: Int
    /// Nanoseconds from sending to success of the last flush; 0 before the first.
    let lastDuration: UInt64
  }

  /// From any thread.
  var gauges: Gauges {
    Gauges(
      dirty: inbox.withLock { $0.dirty.count }, underWay: underWay.load(ordering: .relaxed),
      lastDuration: lastDuration.load(ordering: .relaxed))
  }

  /// A turn has something to write. From any thread.
  func mark(_ turn: LiveTurn, urgent: Bool) {
    let wake = inbox.withLock { inbox in
      inbox.dirty.append(turn)
      inbox.urgent = inbox.urgent || urgent
      defer { inbox.awake = true }
      return !inbox.awake || urgent
    }
    if wake { loop.execute { [self] in proceed() } }
  }

  /// A turn that is marked already must not wait for the interval.
  func hurry() {
    inbox.withLock { $0.urgent = true }
    loop.execute { [self] in proceed() }
  }

  func timerFired(_ token: Int) {
    timer = nil
    if flushes.isEmpty { proceed() } else { transmit() }
  }

  /// Begins a flush if there is none and its time has come.
  private func proceed() {
    guard flushes.isEmpty else { return }
    let (isEmpty, urgent) = inbox.withLock { inbox in
      if inbox.dirty.isEmpty { inbox.awake = false }
      return (inbox.dirty.isEmpty, inbox.urgent)
    }
    if isEmpty { return }
    let earliest = Instant(nanoseconds: lastStart.nanoseconds + Self.interval)
    guard urgent || earliest <= Instant.now() else {
      if timer == nil { timer = loop.schedule(at: earliest, handler: self) }
      return
    }
    begin()
  }

  private func begin() {
    if let timer { loop.cancel(timer) }
    timer = nil
    lastStart = .now()
    let turns = inbox.withLock { inbox in
      let taken = Array(inbox.dirty.prefix(Self.turnLimit))
      inbox.dirty.removeFirst(taken.count)
      inbox.urgent = false
      return taken
    }
    let incarnation = node.incarnation
    var shares: [Share] = []
    var bytes = 0
    for turn in turns {
      guard let share = take(turn, incarnation: incarnation) else { continue }
      shares.append(share)
      bytes += share.byteCount
      if bytes >= Self.statementLimit {
        freeze(shares, incarnation)
        (shares, bytes) = ([], 0)
      }
    }
    freeze(shares, incarnation)
    if flushes.isEmpty { proceed() } else { transmit() }
  }

  private func freeze(_ shares: [Share], _ incarnation: ID) {
    guard !shares.isEmpty else { return }
    let write = store.write(shares.flatMap(\.chunks), incarnation: incarnation)
    flushes.append(Flush(write: write, shares: shares, incarnation: incarnation))
  }

  /// Seals what has gathered in one turn and copies it out for its rows; an ending turn goes to the finisher.
  private func take(_ live: LiveTurn, incarnation: ID) -> Share? {
    var share: Share?
    var finish: FlushStore.Write?
    let id = live.facts.id
    _ = live.mutate { turn in
      func copy(_ range: ClosedRange<Int>) -> [FlushStore.Chunk] {
        range.map {
          FlushStore.Chunk(turn: id, epoch: turn.log.epoch, sequence: $0, events: Array(turn.log.events(of: $0)))
        }
      }
      switch turn.beginFlush() {
      case .chunks(let range): share = Share(turn: live, chunks: copy(range))
      case .finish(let range, let terminal):
        finish = store.finish(
          copy(range), terminal: terminal, answer: turn.log.answer, asked: live.record.asked, turn: id,
          epoch: turn.log.epoch,
          incarnation: incarnation)
      case nil: break
      }
      return []
    }
    if let finish { finisher.end(live, with: finish, incarnation: incarnation) }
    return share
  }

  // MARK: the flush under way

  /// Sends the first flush, for the first time or again.
  private func transmit() {
    while let first = flushes.first, first.incarnation != node.incarnation {
      // Voided: its turns were dropped, nothing of this is ours to write.
      flushes.removeFirst()
    }
    guard let first = flushes.first else { return proceed() }
    if first.attempts > 0 { meters.flushRetries.add(.chunks, in: meters.lane) }
    flushes[0].attempts += 1
    store.send(first.write) { [self] result in
      loop.execute { [self] in answered(result) }
    }
  }

  private func answered(_ result: Result<FlushStore.Verdict, StoreError>) {
    let flush = flushes[0]
    switch result {
    case .success(.written), .success(.notOurs):
      count(flush)
      var wakeups = Wakeups()
      for share in flush.shares { share.turn.perform(share.turn.mutate { $0.flushSucceeded() }, into: &wakeups) }
      wakeups.send()
      // Only now: a turn that marks itself again meanwhile must not begin a flush in the middle of this one.
      flushes.removeFirst()
      if flushes.isEmpty { proceed() } else { transmit() }
    case .success(.fenced):
      node.doubt()
      repeatLater(flush)
    case .failure(let error) where error.isPermanent:
      flushes.removeFirst()
      split(flush, error)
      transmit()
    case .failure(let error):
      failures.failed("flush will be repeated", error)
      repeatLater(flush)
    }
  }

  private func count(_ flush: Flush) {
    let lane = meters.lane
    let duration = Instant.now().nanoseconds - flush.begun.nanoseconds
    lastDuration.store(duration, ordering: .relaxed)
    meters.flushDuration.observe(duration, in: lane)
    meters.flushRows.observe(UInt64(flush.shares.reduce(0) { $0 + $1.chunks.count }), in: lane)
    meters.flushBytes.observe(UInt64(flush.shares.reduce(0) { $0 + $1.byteCount }), in: lane)
  }

  private func repeatLater(_ flush: Flush) {
    let pause = min(1_000, 20 << min(flush.attempts, 6))
    timer = loop.schedule(at: Instant.now().advanced(milliseconds: pause), handler: self)
  }

  /// PostgreSQL will never take this statement: each turn gets one of its own, and one alone is given up.
  private func split(_ flush: Flush, _ error: StoreError) {
    if flush.shares.count == 1, let turn = flush.shares.first?.turn {
      log.error("chunks cannot be written", metadata: ["turn": "\(turn.facts.id)", "error": "\(error)"])
      turn.input { $0.lose() }
      return
    }
    let parts = flush.shares.map { share in
      Flush(
        write: store.write(share.chunks, incarnation: flush.incarnation), shares: [share],
        incarnation: flush.incarnation)
    }
    flushes.insert(contentsOf: parts, at: 0)
  }
}

extension StoreError {
  /// The data itself is refused, now and for ever: data exceptions (class 22), integrity constraints (23), program
  /// limits (54).
  var isPermanent: Bool {
    guard let sqlstate else { return false }
    return ["22", "23", "54"].contains { sqlstate.hasPrefix($0) }
  }
}
