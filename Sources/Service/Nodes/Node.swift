import Chat
import EventLoop
import Logging
import Store
import Synchronization

/// This process as the cluster knows it: one incarnation with one lease, the only lease and the only fence.
final class Node: Sendable {
  /// Milliseconds a lease lasts, by PostgreSQL's clock; this side counts on CLOCK_BOOTTIME from before it asked.
  static let lease = 10_000
  static let renewEvery = 3_000

  private struct State {
    var incarnation: ID
    /// Until when the lease holds for sure, on CLOCK_BOOTTIME.
    var validUntil = Instant(nanoseconds: 0)
    var renewing = false
    var registering = false
    /// For good: neither a renewal nor a doubt may bring the lease back.
    var left = false
  }

  let tag: UInt16
  private let host: String
  private let version: String
  private let store: NodeStore
  private let log: Logger
  private let failures: DatabaseLog
  private let state: Mutex<State>
  private let onVoided = Mutex<(@Sendable () -> Void)?>(nil)

  init(tag: UInt16, host: String, version: String, store: NodeStore, log: Logger, failures: DatabaseLog) {
    self.tag = tag
    self.host = host
    self.version = version
    self.store = store
    self.log = log
    self.failures = failures
    state = Mutex(State(incarnation: ID.fresh()))
  }

  /// What is called when another node has voided this one, after a new incarnation was chosen.
  func whenVoided(_ action: @escaping @Sendable () -> Void) { onVoided.withLock { $0 = action } }

  var incarnation: ID { state.withLock { $0.incarnation } }

  /// False past the lease: then this node serves nothing that is not committed and begins nothing.
  var holdsLease: Bool { state.withLock { Instant.boot() < $0.validUntil } }

  /// Milliseconds that the lease holds at least; 0 past it.
  var leaseRemaining: Int { state.withLock { $0.validUntil.milliseconds(since: .boot()) } }

  /// Registers the present incarnation. Throws what the database says.
  func register() async throws(StoreError) {
    let asked = Instant.boot()
    let incarnation = incarnation
    let registration = try await store.register(
      incarnation, tag: tag, host: host, version: version, lease: Self.lease)
    if registration.tagShared {
      log.warning("another live node bears the same tag", metadata: ["tag": "\(tag)"])
    }
    state.withLock { state in
      guard state.incarnation == incarnation, registration.registered else { return }
      state.validUntil = asked.advanced(milliseconds: Self.lease)
    }
  }

  /// A write was fenced: renew at once, to learn whether the lease has lapsed or the node was voided.
  func doubt() { renew() }

  /// Called every 3 s and on doubt.
  func renew() {
    let asked = Instant.boot()
    let due = state.withLock { state -> ID? in
      guard !state.renewing, !state.registering, !state.left else { return nil }
      state.renewing = true
      return state.incarnation
    }
    guard let due else { return }
    store.renew(due, lease: Self.lease) { [self] result in
      let voided = state.withLock { state -> Bool in
        state.renewing = false
        guard state.incarnation == due, !state.left else { return false }
        switch result {
        case .success(true):
          state.validUntil = asked.advanced(milliseconds: Self.lease)
          return false
        case .success(false):
          state.incarnation = ID.fresh()
          state.validUntil = Instant(nanoseconds: 0)
          state.registering = true
          return true
        case .failure:
          return false
        }
      }
      if case .failure(let error) = result {
        failures.failed("lease not renewed", error)
      }
      if voided { begin(after: due) }
    }
  }

  /// The verdict stands: the turns are another's. Drop them and go on as a new incarnation.
  private func begin(after former: ID) {
    log.error("this node was voided; its turns are dropped", metadata: ["incarnation": "\(former)"])
    onVoided.withLock { $0 }?()
    Task { [self] in
      do throws(StoreError) {
        try await register()
      } catch {
        // The next renewal finds no row and tries again.
        failures.failed("new incarnation not registered", error)
      }
      state.withLock { $0.registering = false }
    }
  }

  /// Ends the lease, so that nobody waits for it to lapse.
  func leave() async {
    state.withLock { $0.left = true }
    do {
      try await store.leave(incarnation)
    } catch {
      log.warning("lease not ended", metadata: ["error": "\(error)"])
    }
    state.withLock { $0.validUntil = Instant(nanoseconds: 0) }
  }
}
