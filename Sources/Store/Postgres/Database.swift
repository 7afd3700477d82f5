package import EventLoop
import Synchronization

/// Connections to one PostgreSQL, spread over loops. Transactions go to the least loaded connection, wait while there is
/// none, and each ends exactly once. Two transactions have no order, even if one thread submitted both.
///
/// The flusher has a database of its own: one loop, one connection, pipeline depth 1.
package final class Database: Sendable, TimerHandler {
  /// What it is doing, for metrics and the readiness route.
  package struct Gauges: Sendable {
    package let connections: Int
    package let ready: Int
    package let waiting: Int
    package let inFlight: Int
    /// Connections made since `start`; more than `connections` means that some were lost.
    package let connects: UInt64
    /// Why the last attempt or connection failed; nil once one has been made since.
    package let lastFailure: StoreError?
  }

  /// Whether PostgreSQL can be reached.
  package enum Reach: Sendable, Equatable {
    case lost(StoreError)
    /// After so many milliseconds.
    case back(after: Int)
  }

  private let loops: [EventLoop]
  private let connections: [PostgresConnection]
  private let settings: DatabaseSettings
  private let queue: Mutex<TransactionQueue>
  /// Set on the first loop while something waits.
  private let expiry = Mutex<TimerID?>(nil)

  /// `conninfo`: key-value pairs or a URI (PostgreSQL manual, 34.1.1). Throws `misuse` if it is malformed, or if there is
  /// no loop, connection or pipeline depth.
  package init(loops: [EventLoop], conninfo: String, settings: DatabaseSettings) throws(StoreError) {
    if let fault = Session.fault(in: conninfo) { throw fault }
    guard !loops.isEmpty, settings.connections > 0, settings.pipelineDepth > 0 else {
      throw StoreError(.misuse, cause: "a database needs a loop, a connection and a pipeline depth")
    }
    self.loops = loops
    self.settings = settings
    let shares = (0..<settings.connections).map { $0 % loops.count }
    connections = shares.enumerated().map { link, loop in
      PostgresConnection(link: link, loop: loops[loop], conninfo: conninfo, settings: settings)
    }
    queue = Mutex(TransactionQueue(loops: shares, depth: settings.pipelineDepth, bound: settings.queueBound))
  }

  /// Begins to connect, and reconnects for ever. Transactions may be submitted before. To be called once; `close` must follow.
  package func start() {
    for connection in connections { connection.loop.submit { connection.open(for: self) } }
  }

  /// What waits ends as `unavailable`, what is in flight as `lost`. For good. From any thread; the loops must still run.
  package func close() {
    let left = queue.withLock { $0.close() }
    for connection in connections { connection.loop.submit { connection.close() } }
    loops[0].submit { [self] in
      if let timer = expiry.withLock({ $0.take() }) { loops[0].cancel(timer) }
      for transaction in left { transaction.completion(.failure(StoreError(.unavailable, cause: "closed"))) }
    }
  }

  /// True while at least one connection is up.
  package var isHealthy: Bool { queue.withLock { $0.ready > 0 } }

  package var gauges: Gauges {
    queue.withLock {
      Gauges(
        connections: connections.count, ready: $0.ready, waiting: $0.waitingCount, inFlight: $0.inFlight,
        connects: $0.connects, lastFailure: $0.lastFailure)
    }
  }

  /// Runs the queries in their order as one transaction. `completion` is called exactly once, on one of the loops, with the
  /// rows of each query or the first error; never within `submit`. From any thread.
  package func submit(
    _ queries: [Query], completion: @escaping @Sendable (Result<[Rows], StoreError>) -> Void
  ) {
    let now = Instant.now()
    let transaction = Transaction(
      queries: queries, completion: observed(completion, since: now),
      deadline: now.advanced(milliseconds: settings.queueTimeout))
    if let fault = transaction.fault { return fail(transaction, fault) }
    place(transaction)
  }

  private func observed(
    _ completion: @escaping @Sendable (Result<[Rows], StoreError>) -> Void, since begin: Instant
  ) -> @Sendable (Result<[Rows], StoreError>) -> Void {
    guard let onEnd = settings.onEnd else { return completion }
    return { result in
      var failure: StoreError?
      if case .failure(let error) = result { failure = error }
      onEnd(Instant.now().nanoseconds - begin.nanoseconds, failure)
      completion(result)
    }
  }

  /// `submit` for async callers. Cancelling the task does not cut it short; the time-outs bound it.
  package func run(_ queries: [Query]) async throws(StoreError) -> [Rows] {
    let result = await withCheckedContinuation { continuation in
      submit(queries) { continuation.resume(returning: $0) }
    }
    return try result.get()
  }

  // MARK: for the connections

  /// `again`: it comes back unsent.
  func place(_ transaction: Transaction, again: Bool = false) {
    let loop = loops.firstIndex { $0.isCurrent }
    switch queue.withLock({ $0.place(transaction, on: loop, again: again) }) {
    case .assigned(let link, let life): connections[link].deliver(transaction, life: life)
    case .waitsFirst(let deadline): watch(deadline)
    case .waits: break
    case .refused(let error): fail(transaction, error)
    }
  }

  func connected(_ link: Int) -> (life: UInt64, transactions: [Transaction]) {
    queue.withLock { queue in
      let (life, transactions, reach) = queue.connected(link, at: .now())
      if let reach { settings.onReach?(reach) }
      return (life, transactions)
    }
  }

  /// `renews`: it comes back at once, with its statements prepared anew.
  func disconnected(_ link: Int, _ reason: StoreError, renews: Bool = false) {
    queue.withLock { queue in
      if let reach = queue.disconnected(link, reason, renews: renews, at: .now()) { settings.onReach?(reach) }
    }
  }

  func finished(_ link: Int, life: UInt64) -> Transaction? { queue.withLock { $0.finished(link, life: life) } }

  // MARK: those who wait

  /// The time-out of those who wait, on the first loop. One timer: the first in the queue is the first due.
  private func watch(_ deadline: Instant) {
    loops[0].execute { [self] in
      if queue.withLock({ $0.isClosed }) { return }
      expiry.withLock { timer in
        if timer == nil { timer = loops[0].schedule(at: deadline, handler: self) }
      }
    }
  }

  package func timerFired(_ token: Int) {
    expiry.withLock { $0 = nil }
    let (expired, next, reason) = queue.withLock { queue in
      let (expired, next) = queue.expire(loops[0].now)
      return (expired, next, queue.lastFailure?.cause ?? "all connections are busy")
    }
    if let next { watch(next) }
    for transaction in expired { transaction.completion(.failure(StoreError(.unavailable, cause: reason))) }
  }

  /// On a loop, so that a caller is never called back while it submits.
  private func fail(_ transaction: Transaction, _ error: StoreError) {
    loops[0].submit { transaction.completion(.failure(error)) }
  }
}
