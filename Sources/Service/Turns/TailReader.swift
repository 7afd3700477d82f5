import Chat
import EventLoop
import Logging
import Store
import Synchronization

/// Serves other nodes' live turns: mirrors them from committed rows, one query a tick for all of them.
final class TailReader: Sendable {
  /// Milliseconds between two tail queries.
  static let tick = 25
  /// A mirror nobody has read for this long is dropped, in milliseconds.
  static let idleLimit = 30_000
  /// Most turns watched at once.
  static let limit = 10_000

  private struct State {
    var watched: [LiveTurn] = []
    var busy = false
    var ticks = 0
  }

  private let store: TurnStore
  private let registry: Registry
  private let failures: DatabaseLog
  private let state = Mutex(State())

  init(store: TurnStore, registry: Registry, failures: DatabaseLog) {
    self.store = store
    self.registry = registry
    self.failures = failures
  }

  /// Mirrors that are followed.
  var watchedCount: Int { state.withLock { $0.watched.count } }

  /// Those mirrors that `isWanted` picks.
  func watched(where isWanted: (LiveTurn) -> Bool) -> [LiveTurn] {
    state.withLock { $0.watched }.filter(isWanted)
  }

  /// Begins to follow a mirror. False if too many are followed.
  func follow(_ turn: LiveTurn) -> Bool {
    state.withLock { state in
      guard state.watched.count < Self.limit else { return false }
      state.watched.append(turn)
      return true
    }
  }

  /// Called every 25 ms; does nothing while the former query is unanswered or there is nothing to watch.
  func tickNow() {
    let now = Instant.now()
    var idle: [LiveTurn] = []
    let watched = state.withLock { state -> [LiveTurn] in
      guard !state.busy, !state.watched.isEmpty else { return [] }
      state.watched.removeAll { turn in
        if turn.mirrorPosition == nil { return true }
        if turn.idle(at: now) < Self.idleLimit { return false }
        idle.append(turn)
        return true
      }
      state.busy = !state.watched.isEmpty
      state.ticks += 1
      return state.watched
    }
    forget(idle)
    guard !watched.isEmpty else { return }
    let positions = watched.map { turn in
      let position = turn.mirrorPosition ?? (1, 0)
      return (turn: turn.facts.id, cursor: Cursor(epoch: position.0, offset: position.1))
    }
    store.tail(positions) { [self] result in
      switch result {
      case .success(let chunks): feed(chunks, to: watched)
      case .failure(let error): failures.failed("tail query failed", error)
      }
      state.withLock { $0.busy = false }
    }
  }

  /// Mirrors that are followed no longer; whoever asks them meanwhile is told to ask again.
  private func forget(_ turns: [LiveTurn]) {
    var wakeups = Wakeups()
    for turn in turns {
      registry.remove(turn)
      turn.drop(into: &wakeups)
    }
    wakeups.send()
  }

  private func feed(_ chunks: [TurnStore.TailChunk], to watched: [LiveTurn]) {
    var wakeups = Wakeups()
    var ending: [LiveTurn] = []
    for chunk in chunks {
      let turn = watched[chunk.place]
      // The terminal chunk is appended together with the terminal fields of the row, below.
      if chunk.isFinal { ending.append(turn) }
      if !chunk.isFinal { turn.mirror(into: &wakeups) { $0.append(sequence: chunk.sequence, events: chunk.events) } }
    }
    wakeups.send()
    for (chunk, turn) in zip(chunks.filter(\.isFinal), ending) {
      Task { [self] in await end(turn, with: chunk) }
    }
    checkMoved(watched)
  }

  /// A turn that was reaped as relaxed goes on in another epoch, where the tail query never looks; one whose
  /// conversation was deleted before its end was mirrored has no chunks left. Once a second one query finds those. Their
  /// readers ask again, and get a mirror of the new epoch or are told that it is gone.
  private func checkMoved(_ watched: [LiveTurn]) {
    guard state.withLock({ $0.ticks % (1_000 / Self.tick) == 0 }) else { return }
    let positions = watched.compactMap { turn in
      turn.mirrorPosition.map { (turn: turn, cursor: Cursor(epoch: $0.epoch, offset: $0.offset)) }
    }
    store.moved(positions.map { ($0.turn.facts.id, $0.cursor) }) { [self] result in
      guard case .success(let places) = result else { return }
      forget(places.filter { positions.indices.contains($0) }.map { positions[$0].turn })
    }
  }

  private func end(_ turn: LiveTurn, with chunk: TurnStore.TailChunk) async {
    do throws(StoreError) {
      guard let row = try await store.read(turn.facts.id), let terminal = row.terminal else { return }
      var wakeups = Wakeups()
      var ended = false
      turn.mirror(into: &wakeups) { mirror in
        ended =
          mirror.append(sequence: chunk.sequence, events: chunk.events) && mirror.end(terminal, chunks: chunk.sequence)
        return ended
      }
      if ended { registry.retire(turn) }
      wakeups.send()
    } catch {
      // Nothing was appended: the next tick finds the chunk again.
      failures.failed("turn not read", error, metadata: ["turn": "\(turn.facts.id)"])
    }
  }
}
