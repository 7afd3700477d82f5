import Chat
import Logging
import Store
import Synchronization

/// Judges dead nodes: voids those whose lease has lapsed, and ends their turns or begins them anew. It runs in every
/// node, so also in the successor of a dead process. Whether this node may judge is PostgreSQL's to say, by its own
/// clock.
final class Reaper: Sendable {
  /// Turns ended in one statement; it goes on until none is left.
  static let batch = 20

  private let node: Node
  private let store: NodeStore
  private let adopter: Adopter
  private let log: Logger
  private let failures: DatabaseLog
  private let busy = Mutex(false)

  init(node: Node, store: NodeStore, adopter: Adopter, log: Logger, failures: DatabaseLog) {
    self.node = node
    self.store = store
    self.adopter = adopter
    self.log = log
    self.failures = failures
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
    do throws(StoreError) {
      for voided in try await store.void(for: node.incarnation, lease: Node.lease) { tell(of: voided) }
    } catch {
      return failures.failed("reaper stopped short", error)
    }
    // Neither keeps the other from its work.
    do throws(StoreError) { try await adopter.adopt() } catch { failures.failed("turns not begun anew", error) }
    do throws(StoreError) { try await reap() } catch { failures.failed("reaper stopped short", error) }
  }

  private func tell(of voided: NodeStore.Voided) {
    let metadata: Logger.Metadata = ["incarnation": "\(voided.incarnation)", "host": "\(voided.host)"]
    if voided.hadLeft {
      log.info("a node has left", metadata: metadata)
    } else {
      log.warning("voided a node whose lease had lapsed", metadata: metadata)
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
