import Chat
import EventLoop
import Synchronization

/// The turns in this node's memory, own and mirrored. Finished ones stay a few seconds for the readers' last polls,
/// then leave and are served from PostgreSQL.
final class Registry: Sendable {
  /// How long a finished turn lingers, in milliseconds.
  static let linger = 5_000

  private struct State {
    var turns: [ID: LiveTurn] = [:]
    /// In the order they ended.
    var retired: [(turn: LiveTurn, at: Instant)] = []
    /// Own turns that have not ended, by id.
    var live: [ID: LiveTurn] = [:]
    /// Turns whose start is being answered.
    var starting: Set<ID> = []
  }

  private let limit: Atomic<Int>
  private let state = Mutex(State())

  /// `limit`: the most live turns this node owns at once.
  init(limit: Int) { self.limit = Atomic(limit) }

  /// From now on; turns above it go on.
  func replace(limit: Int) { self.limit.store(limit, ordering: .relaxed) }

  /// Live turns this node owns at most.
  var capacity: Int { limit.load(ordering: .relaxed) }

  /// Own turns that have not ended, those being started among them.
  var liveCount: Int { state.withLock { $0.live.count + $0.starting.count } }

  func find(_ id: ID) -> LiveTurn? { state.withLock { $0.turns[id] } }

  /// Whether an own turn is live or being started here.
  func runs(_ id: ID) -> Bool { state.withLock { $0.live[id] != nil || $0.starting.contains(id) } }

  /// Takes a place for a turn that is about to be started. False if the node is full. `settle` must follow.
  func reserve(_ id: ID) -> Bool {
    state.withLock { state in
      guard state.live.count + state.starting.count < limit.load(ordering: .relaxed) else { return false }
      state.starting.insert(id)
      return true
    }
  }

  /// The start is answered: the turn was added, or there is none.
  func settle(_ id: ID) { state.withLock { _ = $0.starting.remove(id) } }

  /// Adds an own turn; returns the mirror that it takes the place of, whose readers are to ask again.
  func add(owned turn: LiveTurn) -> LiveTurn? {
    state.withLock { state in
      state.live[turn.facts.id] = turn
      return state.turns.updateValue(turn, forKey: turn.facts.id)
    }
  }

  /// Adds a mirror, or returns the turn that is there already.
  func add(mirror turn: LiveTurn) -> LiveTurn {
    state.withLock { state in
      if let present = state.turns[turn.facts.id] { return present }
      state.turns[turn.facts.id] = turn
      return turn
    }
  }

  /// A turn has ended or was lost. One that was lost leaves at once: its readers are to find what became of it.
  func retire(_ turn: LiveTurn, lingers: Bool = true) {
    state.withLock { state in
      if state.live[turn.facts.id] === turn { state.live[turn.facts.id] = nil }
      if lingers {
        state.retired.append((turn, .now()))
      } else if state.turns[turn.facts.id] === turn {
        state.turns[turn.facts.id] = nil
      }
    }
  }

  /// Takes a turn out at once.
  func remove(_ turn: LiveTurn) {
    state.withLock { state in
      if state.turns[turn.facts.id] === turn { state.turns[turn.facts.id] = nil }
    }
  }

  /// All turns this node owns that have not ended.
  var owned: [LiveTurn] { state.withLock { Array($0.live.values) } }

  /// Called once a second: those that have lingered leave, and with them a transfer whose provider never closed it.
  func sweep(at now: Instant) {
    let leaving = state.withLock { state in
      let leaving = state.retired.prefix { now.milliseconds(since: $0.at) >= Self.linger }
      for (turn, _) in leaving where state.turns[turn.facts.id] === turn { state.turns[turn.facts.id] = nil }
      state.retired.removeFirst(leaving.count)
      return leaving
    }
    for (turn, _) in leaving { turn.transfer.close() }
  }
}
