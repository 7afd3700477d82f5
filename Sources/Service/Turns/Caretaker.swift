import Chat
import Logging
import Store
import Synchronization

/// Ends this node's own turns that nobody runs: starts that were committed although their answer never came, and turns
/// whose end PostgreSQL refused. Their conversations would be busy for ever.
final class Caretaker: Sendable {
  private struct State {
    var busy = false
    /// Live in the database and unknown here at the last look; at the next they are orphans.
    var suspects: Set<ID> = []
  }

  private let node: Node
  private let registry: Registry
  private let store: NodeStore
  private let log: Logger
  private let failures: DatabaseLog
  private let state = Mutex(State())

  init(node: Node, registry: Registry, store: NodeStore, log: Logger, failures: DatabaseLog) {
    self.node = node
    self.registry = registry
    self.store = store
    self.log = log
    self.failures = failures
  }

  /// Called every 5 s; a call while another is at work does nothing.
  func tick() {
    guard node.holdsLease else { return }
    let begins = state.withLock { state in
      defer { state.busy = true }
      return !state.busy
    }
    guard begins else { return }
    Task { [self] in
      await look()
      state.withLock { $0.busy = false }
    }
  }

  private func look() async {
    let incarnation = node.incarnation
    do throws(StoreError) {
      let unknown = Set(try await store.liveTurns(of: incarnation)).filter { !registry.runs($0) }
      let orphans = state.withLock { state in
        defer { state.suspects = unknown }
        return unknown.intersection(state.suspects)
      }
      guard !orphans.isEmpty else { return }
      for (turn, state) in try await store.end(Array(orphans), of: incarnation) {
        log.warning("ended a turn that nobody ran", metadata: ["turn": "\(turn)", "state": "\(state)"])
      }
    } catch {
      failures.failed("own turns not looked through", error)
    }
  }
}
