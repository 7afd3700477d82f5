import EventLoop

/// One connection for ever: connects, carries transactions, and when it dies ends what was in flight and connects again.
/// The I/O shell around `PipelineState`.
// Sendable is unchecked because everything but `deliver` is confined to the connection's loop.
final class PostgresConnection: ReadinessHandler, TimerHandler, @unchecked Sendable {
  private enum State {
    /// → resolving
    case idle
    /// → connecting, pausing, closed
    case resolving
    /// → ready, pausing, closed
    case connecting(Connecting)
    /// → pausing, closed
    case ready(Session, WatchedSocket, life: UInt64)
    /// → resolving, closed
    case pausing(TimerID)
    case closed
  }

  private enum Timer: Int { case reconnect, deadline }

  let loop: EventLoop
  private let link: Int
  private let conninfo: String
  private let settings: DatabaseSettings
  /// Held from `open` to `close`: loops do not retain their handlers, so an open database keeps itself alive.
  private var database: Database?
  private var state = State.idle
  private var pipeline: PipelineState
  private var backoff: Backoff
  private var random = SystemRandomNumberGenerator()
  private var deadlineTimer: TimerID?

  init(link: Int, loop: EventLoop, conninfo: String, settings: DatabaseSettings) {
    self.link = link
    self.loop = loop
    self.conninfo = conninfo
    self.settings = settings
    pipeline = PipelineState(prepares: settings.prepared)
    backoff = Backoff(settings.reconnectPause)
  }

  // MARK: life

  func open(for database: Database) {
    guard case .idle = state else { return }
    self.database = database
    connect()
  }

  /// What is in flight ends as lost. For good.
  func close() {
    let reason = StoreError(.lost, cause: "closed")
    switch state {
    case .connecting(let attempt): attempt.cancel()
    case .pausing(let timer): loop.cancel(timer)
    case .ready: release()
    case .idle, .resolving, .closed: break
    }
    state = .closed
    let victims = pipeline.abandon(reason, now: loop.now)
    database?.disconnected(link, reason)
    database = nil
    for victim in victims { victim.transaction.completion(.failure(victim.error)) }
  }

  private func connect() {
    state = .resolving
    Connecting.resolve(conninfo: conninfo, applicationName: settings.applicationName, loop: loop) { [self] session in
      guard case .resolving = state else { return }
      guard let session else { return pause(StoreError(.unavailable, cause: "out of memory")) }
      let attempt = Connecting(session, loop: loop) { [unowned self] result in
        switch result {
        case .success(let session): established(session)
        case .failure(let error): pause(error)
        }
      }
      state = .connecting(attempt)
      attempt.begin(timeout: settings.connectTimeout)
    }
  }

  private func established(_ session: Session) {
    guard let database else { return }
    do throws(SystemError) {
      let socket = try WatchedSocket(duplicating: session.socket, loop: loop, for: .read, handler: self)
      let (life, transactions) = database.connected(link)
      state = .ready(session, socket, life: life)
      for transaction in transactions { send(transaction) }
    } catch {
      pause(StoreError(.unavailable, cause: error.description))
    }
  }

  /// Before the next attempt.
  private func pause(_ reason: StoreError, renews: Bool = false) {
    database?.disconnected(link, reason, renews: renews)
    let milliseconds = backoff.next(using: &random)
    state = .pausing(
      loop.schedule(afterMilliseconds: milliseconds, handler: self, token: Timer.reconnect.rawValue))
  }

  /// Ends the session that is ready, and everything in flight on it.
  private func lose(_ reason: StoreError, renews: Bool = false) {
    guard case .ready = state else { return }
    release()
    let victims = pipeline.abandon(reason, now: loop.now)
    pause(reason, renews: renews)
    for victim in victims { victim.transaction.completion(.failure(victim.error)) }
  }

  /// The session itself ends with the next state.
  private func release() {
    guard case .ready(_, let socket, _) = state else { return }
    socket.end()
    if let deadlineTimer { loop.cancel(deadlineTimer) }
    deadlineTimer = nil
  }

  // MARK: transactions

  /// From any thread. A transaction that was meant for a former life of this connection goes back to the database.
  func deliver(_ transaction: Transaction, life: UInt64) {
    loop.execute { [self] in
      if case .ready(_, _, life) = state, !pipeline.isWornOut { return send(transaction) }
      if let database { return database.place(transaction, again: true) }
      transaction.completion(.failure(StoreError(.unavailable, cause: "closed")))
    }
  }

  /// Never completes anything: a failure to send is dealt with in the loop's next turn.
  private func send(_ transaction: Transaction) {
    guard case .ready(let session, _, _) = state else { return }
    var transaction = transaction
    transaction.deadline = loop.now.advanced(milliseconds: settings.timeout)
    var sent = true
    for statement in pipeline.begin(transaction) { sent = sent && session.prepare(statement) && session.sync() }
    for query in transaction.queries { sent = sent && session.execute(query, prepared: settings.prepared) }
    sent = sent && session.sync() && flush()
    if !sent {
      loop.submit { [self] in
        if case .ready(let current, _, _) = state, current === session { lose(session.failure(.lost)) }
      }
    }
    watchDeadline()
  }

  /// False if the connection is gone. Watches for writability only while something is left to write.
  private func flush() -> Bool {
    guard case .ready(let session, let socket, _) = state else { return true }
    let outcome = session.flush()
    socket.update(for: outcome == .pending ? [.read, .write] : .read)
    return outcome != .failed
  }

  func ready(_ readiness: Readiness, descriptor: Int32) {
    guard case .ready(let session, _, _) = state else { return }
    let alive = session.consume()
    // What had come before the end still counts.
    guard receive(from: session), alive, flush() else { return lose(session.failure(.lost)) }
    renewIfWornOut()
  }

  /// Takes every reply that has come. False if the connection is gone.
  private func receive(from session: Session) -> Bool {
    var separators = 0
    while !pipeline.isIdle, session.hasEvent {
      switch session.next() {
      case .disconnected: return false
      case .separator:
        separators += 1
        if separators > 1 { return true }  // libpq has nothing in flight
      case .reply(let reply):
        separators = 0
        if case .complete(let transaction, let result) = pipeline.received(reply) { complete(transaction, result) }
      }
    }
    return true
  }

  private func complete(_ transaction: Transaction, _ result: Result<[Rows], StoreError>) {
    backoff.reset()
    if case .ready(_, _, let life) = state {
      if pipeline.isWornOut {
        database?.disconnected(
          link, StoreError(.unavailable, cause: "prepared statements are to be renewed"), renews: true)
      } else if let next = database?.finished(link, life: life) {
        send(next)
      }
    }
    transaction.completion(result)
  }

  private func renewIfWornOut() {
    if pipeline.isWornOut, pipeline.isIdle {
      lose(StoreError(.lost, cause: "prepared statements are to be renewed"), renews: true)
    }
  }

  // MARK: timers

  private func watchDeadline() {
    guard deadlineTimer == nil, let deadline = pipeline.deadline else { return }
    deadlineTimer = loop.schedule(at: deadline, handler: self, token: Timer.deadline.rawValue)
  }

  func timerFired(_ token: Int) {
    switch Timer(rawValue: token) {
    case .reconnect: connect()
    case .deadline:
      deadlineTimer = nil
      if let deadline = pipeline.deadline, deadline <= loop.now {
        lose(StoreError(.lost, cause: "dropped, because it did not answer in time"))
      } else {
        watchDeadline()
      }
    case nil: break
    }
  }
}
