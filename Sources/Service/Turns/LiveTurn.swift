import Chat
import EventLoop
import FrontDoor
import Synchronization
import Wire

/// A turn in this node's memory: its own, or the mirror of another node's. The shell around the pure state machine:
/// lock, mutate, unlock, perform.
final class LiveTurn: Sendable {
  /// What never changes about a turn.
  struct Facts: Sendable {
    let id: ID
    let conversation: ID
    let identity: ID
    let surface: ID
    /// The user's message, and the answer.
    let userMessage: ID
    let message: ID
    let pacer: Pacer
    /// Its surface's.
    let doorway: Doorway
    /// When nobody has read it for so many milliseconds, it is cancelled; nil: it goes on.
    var abandonAfter: Int?
    /// When the request that started it came in; nil for turns that were not started here.
    var arrived: Instant?
    /// Of an own turn: another node may begin it anew, should this one give it up.
    var mayRestart = false
  }

  /// Whom the effects of the state machine reach.
  struct Neighbours: Sendable {
    let flusher: Flusher
    let registry: Registry
    let node: Node
    let load: NodeLoad
    let meters: Meters
    let reservations: Reservations
    /// Of each loop.
    let hourglasses: [Hourglass]
  }

  enum Source: Sendable {
    case owned(Turn)
    case mirrored(TurnMirror)
  }

  /// Where the first text of an own turn is, for its latency.
  private enum FirstText {
    case none
    /// In this chunk.
    case appended(chunk: Int)
    /// Readers may see it.
    case published
  }

  private struct State {
    /// One of the two is there. They are mutated in place: a copy would copy the log.
    var turn: Turn?
    var mirror: TurnMirror?
    var readers: TurnReaders
    var rhythm = Rhythm()
    var firstText = FirstText.none
    var lost = false
  }

  let facts: Facts
  /// How the providers were asked; of own turns.
  let record = AttemptRecord()
  /// What feeds it; of own turns.
  let transfer = TurnTransfer()
  private let neighbours: Neighbours
  private let state: Mutex<State>

  init(_ facts: Facts, source: Source, neighbours: Neighbours) {
    self.facts = facts
    self.neighbours = neighbours
    var initial = State(readers: TurnReaders(now: .now()))
    switch source {
    case .owned(let turn): initial.turn = turn
    case .mirrored(let mirror): initial.mirror = mirror
    }
    state = Mutex(initial)
  }

  /// How an own turn stands; nil for a mirror.
  var ownState: TurnState? {
    state.withLock { state in state.turn.map { $0.terminal?.state ?? .streaming } }
  }

  /// Whether an own turn still takes what a provider says.
  var isStreaming: Bool { state.withLock { $0.turn?.phase == .streaming } }

  /// Tokens that an own turn wants to have reserved; nil if it wants none.
  var wantedTokens: Int? { state.withLock { $0.turn?.wanted } }

  /// Whether an own turn has used all that is reserved, or will by what it sends.
  var isShortOfTokens: Bool { state.withLock { $0.turn?.isShort == true } }

  /// The epoch of the text, for first cursors.
  var epoch: Int { state.withLock { view($0).log.epoch } }

  // MARK: the owner's side

  /// Runs one input of the state machine and performs its effects, but for pausing, which the transfer's own callback
  /// returns. Nothing happens to a mirror.
  @discardableResult
  func input(_ body: (inout Turn) -> Turn.Effects) -> Turn.Effects {
    let effects = mutate(body)
    perform(effects)
    return effects
  }

  /// Runs one input and leaves its effects to the caller, who gathers them over many.
  func mutate(_ body: (inout Turn) -> Turn.Effects) -> Turn.Effects {
    state.withLock { state in
      guard state.turn != nil else { return [] }
      let effects = body(&state.turn!)
      if state.turn?.phase == .lost { state.lost = true }
      noteGathered(&state)
      return effects
    }
  }

  /// A text delta from the provider. Leaves its effects to the caller; nil if the turn takes no more text.
  func append(text utf8: UnsafeRawBufferPointer) -> Turn.Effects? {
    state.withLock { state in
      guard case .streaming? = state.turn?.phase else { return nil }
      if state.turn?.gathers == true {
        defer { noteGathered(&state) }
        return state.turn?.appendText(utf8, at: Instant.now().milliseconds)
      }
      if case .none = state.firstText { state.firstText = .appended(chunk: (state.turn?.log.sealed ?? 0) + 1) }
      return state.turn?.appendText(utf8)
    }
  }

  /// Text that was gathered has come into the log, as its last chunk.
  private func noteGathered(_ state: inout State) {
    guard case .none = state.firstText, state.turn?.gathers == true, state.turn?.log.hasAnswer == true else { return }
    state.firstText = .appended(chunk: state.turn?.log.sealed ?? 0)
  }

  /// Gathered text may be due.
  func timePassed() { input { $0.timePassed(at: Instant.now().milliseconds) } }

  func perform(_ effects: Turn.Effects) {
    var wakeups = Wakeups()
    perform(effects, into: &wakeups)
    wakeups.send()
  }

  /// As `perform`, but the readers that are due are only gathered.
  func perform(_ effects: Turn.Effects, into wakeups: inout Wakeups) {
    if effects.isEmpty { return }
    if effects.contains(.flush) {
      neighbours.flusher.mark(self, urgent: effects.contains(.urgent))
    } else if effects.contains(.urgent) {
      neighbours.flusher.hurry()
    }
    if effects.contains(.wait) {
      let due = state.withLock { $0.turn?.due } ?? 0
      neighbours.hourglasses.here?.turn(for: self, at: Instant(milliseconds: due))
    }
    if effects.contains(.publish) { publish(into: &wakeups) }
    if effects.contains(.reserve) { neighbours.reservations.ask(self) }
    if effects.contains(.resumeUpstream) { transfer.resume() }
    if effects.contains(.closeUpstream) { transfer.close() }
    if effects.contains(.retire) { retire() }
  }

  private func retire() {
    let (lost, terminal) = state.withLock { ($0.lost, $0.turn?.terminal) }
    neighbours.meters.ended(lost ? nil : terminal)
    neighbours.registry.retire(self, lingers: !lost)
  }

  // MARK: the mirror's side

  /// What a mirror has read so far: epoch and number of chunks. Nil for an own turn and one that has ended.
  var mirrorPosition: (epoch: Int, offset: Int)? {
    state.withLock { state in
      guard let mirror = state.mirror, mirror.terminal == nil, !state.lost else { return nil }
      return (mirror.log.epoch, mirror.head)
    }
  }

  /// Feeds a mirror and wakes its readers if anything came of it.
  func mirror(into wakeups: inout Wakeups, _ body: (inout TurnMirror) -> Bool) {
    let changed = state.withLock { state in
      guard state.mirror != nil else { return false }
      return body(&state.mirror!)
    }
    if changed { publish(into: &wakeups) }
  }

  /// The mirror no longer follows its turn (another epoch, say): readers are to ask again.
  func drop(into wakeups: inout Wakeups) {
    state.withLock { $0.lost = true }
    publish(into: &wakeups)
  }

  /// As `drop(into:)`, at once: this node runs the turn itself from now on.
  func drop() {
    var wakeups = Wakeups()
    drop(into: &wakeups)
    wakeups.send()
  }

  /// Milliseconds since somebody last read it, or it began.
  func idle(at now: Instant) -> Int { state.withLock { $0.readers.idle(at: now) } }

  /// True if the owner of this mirror's turn is to be told now that it has readers here (`TurnReaders.takeNote`).
  func takeNote(at now: Instant, interval: Int) -> Bool {
    guard facts.abandonAfter != nil, mirrorPosition != nil else { return false }
    return state.withLock { $0.readers.takeNote(at: now, interval: interval) }
  }

  // MARK: readers

  /// What is there for a reader: how many chunks it may see, and whether it is all.
  private func view(_ state: borrowing State) -> (log: TurnLog, head: Int, terminal: Terminal?) {
    if let turn = state.turn {
      var head = turn.head
      // Past its lease the owner serves nothing that is not committed.
      if head > turn.log.watermark, !neighbours.node.holdsLease { head = turn.log.watermark }
      return (turn.log, head, turn.terminal)
    }
    if let mirror = state.mirror { return (mirror.log, mirror.head, mirror.terminal) }
    return (TurnLog(), 0, nil)
  }

  /// Whether a poll may go on.
  enum Admission {
    /// With its reader's bucket in the budget, for `Ask`.
    case granted(bucket: UInt8)
    /// Milliseconds to wait.
    case refused(Int)
  }

  /// Takes a poll of `reader` from its budget. A poll that leaves more behind is free: its reader was told to come again
  /// at once.
  func admit(reader: String, cursor: Cursor) -> Admission {
    let now = Instant.now()
    return state.withLock { state in
      state.readers.asked(at: now)
      let bucket = state.readers.budget.arrives(reader, pace: facts.pacer.base, now: now.milliseconds)
      let (log, head, _) = view(state)
      let from = cursor.epoch == log.epoch ? cursor.offset : 0
      if log.slice(after: from, through: head).offset < head { return .granted(bucket: bucket) }
      if let wait = state.readers.budget.take(at: bucket, pace: facts.pacer.base, now: now.milliseconds) {
        state.readers.budget.told(at: bucket, due: now.milliseconds + wait)
        state.readers.asked(at: now, pause: wait)
        return .refused(wait)
      }
      return .granted(bucket: bucket)
    }
  }

  /// True if an answer is there at once; else the reader was put on the list and is to be parked in `ticket`.
  func isDue(_ ask: Ask, else ticket: Ticket, of room: any WaitingRoom) -> Bool {
    state.withLock { state in
      let (log, head, terminal) = view(state)
      if state.lost || terminal != nil { return true }
      var offset = Int.max
      if case .poll(let cursor) = ask.form {
        if cursor.epoch < log.epoch || cursor.epoch == log.epoch && cursor.offset < head { return true }
        offset = cursor.epoch == log.epoch ? cursor.offset : Int.max
      }
      state.readers.wait(ticket, of: room, offset: offset)
      return false
    }
  }

  /// Says to a stream what is new, about `limit` bytes of it. After `.waits` the ticket is woken when there is more.
  func feed(
    _ reader: inout StreamReader, limit: Int, to piece: inout [UInt8], else ticket: Ticket, of room: any WaitingRoom
  ) -> StreamStep {
    state.withLock { state in
      let (log, head, terminal) = view(state)
      if state.lost {
        reader.form.leave(to: &piece)
        return .broken
      }
      if let end = reader.read(log, through: head, terminal, message: facts.message, limit: limit, to: &piece) {
        return end
      }
      let isHere = reader.cursor.epoch == log.epoch
      if isHere, reader.cursor.offset < head { return .more }
      if let terminal {
        reader.form.end(
          [], reader.cursor, terminal, message: log.hasAnswer ? facts.message : nil, to: &piece)
        return .ended
      }
      state.readers.wait(ticket, of: room, offset: isHere ? reader.cursor.offset : .max)
      return .waits
    }
  }

  /// Whether the turn has ended and a reader with this cursor has read all of it.
  func isRead(by cursor: Cursor) -> Bool {
    state.withLock { state in
      let (log, head, terminal) = view(state)
      return terminal != nil && cursor == Cursor(epoch: log.epoch, offset: head)
    }
  }

  /// A stream of the turn was opened; `streamEnded` must follow.
  func streamOpened() { state.withLock { $0.readers.streamOpened() } }

  func streamEnded() { state.withLock { $0.readers.streamEnded(at: .now()) } }

  func forget(_ ticket: Ticket, of room: any WaitingRoom) {
    state.withLock { $0.readers.forget(ticket, of: room, at: .now()) }
  }

  private func publish(into wakeups: inout Wakeups) {
    let now = Instant.now()
    state.withLock { state in
      state.rhythm.beat(at: now)
      noteFirstText(&state, at: now)
      guard state.readers.isAnyoneWaiting else { return }
      let (_, head, terminal) = view(state)
      state.readers.wake(below: head, all: terminal != nil || state.lost, at: now, into: &wakeups)
    }
  }

  private func noteFirstText(_ state: inout State, at now: Instant) {
    guard case .appended(let chunk) = state.firstText, let arrived = facts.arrived, chunk <= view(state).head else {
      return
    }
    state.firstText = .published
    neighbours.meters.firstText.observe(now.nanoseconds - arrived.nanoseconds, in: neighbours.meters.lane)
  }

  /// The answer as things stand.
  func answer(_ ask: Ask) -> Response {
    switch ask.form {
    case .poll(let cursor): poll(ask, after: cursor)
    case .whole(let form): whole(form, origin: ask.origin)
    }
  }

  private func poll(_ ask: Ask, after cursor: Cursor) -> Response {
    let now = Instant.now()
    return state.withLock { state in
      let reader = Pacer.Reader(
        // Without a hold nothing slows a reader of a slow stream but the pace.
        hidden: ask.hidden, rate: ask.waits ? state.rhythm.rate : nil, load: neighbours.load.value,
        own: state.readers.budget.own(at: ask.bucket))
      let (log, head, terminal) = view(state)
      var reply =
        state.lost
        ? PollReply(cursor: cursor, idleFor: facts.pacer, reader)
        : PollReply(log, after: cursor, through: head, terminal, of: facts, reader)
      reply.token = ask.renewal
      if ask.usage, reply.terminal == nil { reply.usage = state.turn?.usageSoFar }
      state.readers.budget.told(at: ask.bucket, due: now.milliseconds + reply.pollAfter)
      state.readers.asked(at: now, pause: reply.pollAfter)
      // Written here: a reply that kept its slice of the log any longer would make the next delta copy all of it.
      return .poll(reply, origin: ask.origin)
    }
  }

  private func whole(_ form: any AnswerForm, origin: String?) -> Response {
    let (log, terminal) = state.withLock { state in
      state.readers.asked(at: .now())
      let (log, _, terminal) = view(state)
      // A log with an end changes no more, so this is no copy.
      return (terminal == nil ? TurnLog() : log, terminal)
    }
    guard let terminal else { return form.stillRunning(facts, origin: origin) }
    return form.answer(facts, terminal, log, origin: origin)
  }
}
