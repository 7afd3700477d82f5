import Chat
import EventLoop
import Logging
import Store
import Synchronization

/// The one writer of a node's turn logs.
///
/// It takes all dirty turns, seals what has gathered in each, sends the chunks of all in one statement (and the end of
/// a turn in one of its own), and starts again when that is answered, at most every 2 ms; first texts and ends do not
/// wait for the 2 ms. What was sent is frozen: after a failure it is sent again byte for byte until it is written or
/// this node's incarnation is voided.
// Sendable is unchecked because all mutable state but the list of dirty turns is confined to the loop.
final class Flusher: TimerHandler, @unchecked Sendable {
  /// Least nanoseconds between two flushes.
  static let interval: UInt64 = 2_000_000
  /// Most bytes of chunks in one statement, but always at least one turn.
  static let statementLimit = 4 << 20
  /// Most turns in one flight; the rest goes with the next.
  static let flightLimit = 2_000

  private struct Inbox {
    var dirty: [LiveTurn] = []
    var urgent = false
    var awake = false
  }

  /// A frozen write and the turns it is for.
  private final class Parcel {
    enum Content {
      case chunks([LiveTurn])
      case finish(LiveTurn)
    }
    let write: FlushStore.Write
    let content: Content
    var done = false
    init(_ write: FlushStore.Write, _ content: Content) {
      self.write = write
      self.content = content
    }
  }

  private struct Flight {
    var parcels: [Parcel]
    var unanswered = 0
    var attempts = 0
    let incarnation: ID
  }

  private let loop: EventLoop
  private let store: FlushStore
  private let node: Node
  private let log: Logger
  private let inbox = Mutex(Inbox())
  private var flight: Flight?
  private var lastStart = Instant(nanoseconds: 0)
  private var timer: TimerID?

  init(loop: EventLoop, store: FlushStore, node: Node, log: Logger) {
    self.loop = loop
    self.store = store
    self.node = node
    self.log = log
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
    if flight != nil { transmit() } else { proceed() }
  }

  /// Begins a flight if there is none and its time has come.
  private func proceed() {
    guard flight == nil else { return }
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
      let taken = Array(inbox.dirty.prefix(Self.flightLimit))
      inbox.dirty.removeFirst(taken.count)
      inbox.urgent = false
      return taken
    }
    let incarnation = node.incarnation
    var parcels: [Parcel] = []
    var chunks: [FlushStore.Chunk] = []
    var writers: [LiveTurn] = []
    var bytes = 0
    func close() {
      guard !chunks.isEmpty else { return }
      parcels.append(Parcel(store.write(chunks, incarnation: incarnation), .chunks(writers)))
      chunks = []
      writers = []
      bytes = 0
    }
    for turn in turns {
      switch take(turn, incarnation: incarnation) {
      case .chunks(let new):
        chunks += new
        writers.append(turn)
        bytes += new.reduce(0) { $0 + $1.events.count }
        if bytes >= Self.statementLimit { close() }
      case .finish(let write):
        parcels.append(Parcel(write, .finish(turn)))
      case nil:
        break
      }
    }
    close()
    guard !parcels.isEmpty else { return proceed() }
    flight = Flight(parcels: parcels, incarnation: incarnation)
    transmit()
  }

  private enum Taken {
    case chunks([FlushStore.Chunk])
    case finish(FlushStore.Write)
  }

  /// Seals what has gathered in one turn and copies it out for its rows.
  private func take(_ live: LiveTurn, incarnation: ID) -> Taken? {
    var taken: Taken?
    let id = live.facts.id
    _ = live.mutate { turn in
      func copy(_ range: ClosedRange<Int>) -> [FlushStore.Chunk] {
        range.map {
          FlushStore.Chunk(turn: id, epoch: turn.log.epoch, sequence: $0, events: Array(turn.log.events(of: $0)))
        }
      }
      switch turn.beginFlush() {
      case .chunks(let range): taken = .chunks(copy(range))
      case .finish(let range, let terminal):
        taken = .finish(
          store.finish(
            copy(range), terminal: terminal, answer: turn.log.answer, turn: id, epoch: turn.log.epoch,
            incarnation: incarnation))
      case nil: break
      }
      return []
    }
    return taken
  }

  // MARK: flights

  /// Sends what is not written yet, for the first time or again.
  private func transmit() {
    guard var current = flight else { return }
    if node.incarnation != current.incarnation {
      // Voided: its turns were dropped, nothing of this is ours to write.
      flight = nil
      return proceed()
    }
    let open = current.parcels.filter { !$0.done }
    current.unanswered = open.count
    current.attempts += 1
    flight = current
    for parcel in open {
      // The parcel stays on this loop: its database's only connection lives here.
      nonisolated(unsafe) let parcel = parcel
      store.send(parcel.write) { [self] result in
        loop.execute { [self] in answered(parcel, result) }
      }
    }
  }

  private func answered(_ parcel: Parcel, _ result: Result<FlushStore.Verdict, StoreError>) {
    var wakeups = Wakeups()
    switch (result, parcel.content) {
    case (.success(.written), .chunks(let turns)):
      parcel.done = true
      for turn in turns { turn.perform(turn.mutate { $0.flushSucceeded() }, into: &wakeups) }
    case (.success(.written), .finish(let turn)):
      parcel.done = true
      turn.perform(turn.mutate { $0.finishSucceeded() }, into: &wakeups)
    case (.success(.notOurs), .finish(let turn)):
      parcel.done = true
      log.error("turn was ended elsewhere", metadata: ["turn": "\(turn.facts.id)"])
      turn.perform(turn.mutate { $0.lose() }, into: &wakeups)
    case (.success(.notOurs), .chunks):
      parcel.done = true
    case (.success(.fenced), _):
      node.doubt()
    case (.failure(let error), .finish(let turn)) where error.sqlstate?.hasPrefix("23") == true:
      // A row this turn needs is gone: it can never be written, and must not hold up the others.
      parcel.done = true
      log.error("turn cannot be ended", metadata: ["turn": "\(turn.facts.id)", "error": "\(error)"])
      turn.perform(turn.mutate { $0.lose() }, into: &wakeups)
    case (.failure(let error), _):
      log.warning("flush will be repeated", metadata: ["error": "\(error)"])
    }
    wakeups.send()
    flight?.unanswered -= 1
    guard let current = flight, current.unanswered == 0 else { return }
    if current.parcels.allSatisfy(\.done) {
      flight = nil
      return proceed()
    }
    let pause = min(1_000, 20 << min(current.attempts, 6))
    timer = loop.schedule(at: Instant.now().advanced(milliseconds: pause), handler: self)
  }
}
