import Chat
import Logging
import Store
import Synchronization

/// Judges dead nodes: voids those whose lease has lapsed and ends their turns. It runs in every node, so also in the
/// successor of a dead process. Whether this node may judge is PostgreSQL's to say, by its own clock.
final class Reaper: Sendable {
  /// Turns ended in one statement; it goes on until none is left.
  static let batch = 20

  private let node: Node
  private let store: NodeStore
  private let log: Logger
  private let busy = Mutex(false)

  init(node: Node, store: NodeStore, log: Logger) {
    self.node = node
    self.store = store
    self.log = log
  }

  /// Called once a second; a call while another is at work does nothing.
  func tick() {
    guard node.holdsLease else { return }
    let begins = busy.withLock { busy in
      defer { busy = true }
      return !busy
    }
    guard begins else { return }
    Task { [self] in
      await judge()
      busy.withLock { $0 = false }
    }
  }

  private func judge() async {
    do {
      let voided = try await store.void(for: node.incarnation, lease: Node.lease)
      if voided > 0 { log.warning("voided nodes whose lease had lapsed", metadata: ["count": "\(voided)"]) }
      try await reap()
    } catch {
      log.warning("reaper stopped short", metadata: ["error": "\(error)"])
    }
  }

  /// Until no turn is left. Turns with very long logs take a statement past its time-out: then fewer at once.
  private func reap() async throws(StoreError) {
    var limit = Self.batch
    while true {
      let ended: [(turn: ID, state: String)]
      do {
        ended = try await store.reap(limit: limit)
      } catch {
        if limit == 1 { throw error }
        limit /= 2
        continue
      }
      for (turn, state) in ended {
        log.info("ended a dead node's turn", metadata: ["turn": "\(turn)", "state": "\(state)"])
      }
      if ended.count < limit { return }
    }
  }
}
