import Chat
import EventLoop
import Logging
import Store

/// Asks PostgreSQL for more tokens when turns have nearly used what they have reserved: a round trip of its own, beside
/// the text. While a turn waits for one with nothing left, its upstream is paused; so PostgreSQL that cannot be reached
/// costs time, never tokens that nobody has granted.
// Sendable is unchecked because all mutable state is confined to the loop.
final class Reservations: TimerHandler, @unchecked Sendable {
  private struct Asking {
    let turn: LiveTurn
    /// Runs once it is answered; also for a turn that has ended meanwhile.
    let answered: (@Sendable () -> Void)?
    let incarnation: ID
    var attempts = 0
  }

  private let loop: EventLoop
  private let store: UsageStore
  private let node: Node
  private let log: Logger
  private let failures: DatabaseLog
  private let meters: Meters
  /// A turn asks again only when it is answered: bounded by the turns of this node.
  private var askings: [Int: Asking] = [:]
  private var next = 0

  init(loop: EventLoop, store: UsageStore, node: Node, log: Logger, failures: DatabaseLog, meters: Meters) {
    self.loop = loop
    self.store = store
    self.node = node
    self.log = log
    self.failures = failures
    self.meters = meters
  }

  /// Asks for what the turn wants, until there is an answer, and gives it to the turn. From any thread.
  func ask(_ turn: LiveTurn, then answered: (@Sendable () -> Void)? = nil) {
    let incarnation = node.incarnation
    loop.execute { [self] in
      next += 1
      askings[next] = Asking(turn: turn, answered: answered, incarnation: incarnation)
      transmit(next)
    }
  }

  func timerFired(_ token: Int) { transmit(token) }

  private func transmit(_ token: Int) {
    guard let asking = askings[token] else { return }
    guard asking.incarnation == node.incarnation, let wanted = asking.turn.wantedTokens else {
      return close(token, asking)
    }
    askings[token]?.attempts += 1
    store.extend(asking.turn.facts.id, to: wanted, incarnation: asking.incarnation) { [self] result in
      loop.execute { [self] in answer(token, wanted, result) }
    }
  }

  private func answer(_ token: Int, _ wanted: Int, _ result: Result<UsageStore.Verdict, StoreError>) {
    guard let asking = askings[token] else { return }
    switch result {
    case .success(.granted(let tokens)):
      let isShort = tokens.map { $0 < wanted } ?? false
      meters.reservations.add(isShort ? .short : .granted, in: meters.lane)
      asking.turn.input { $0.granted(tokens) }
      close(token, asking)
    case .success(.notOurs):
      // Whoever has ended it, or taken it, tells it so.
      close(token, asking)
    case .failure(let error) where error.isPermanent:
      // Nobody grants anything.
      log.error("tokens cannot be reserved", metadata: ["turn": "\(asking.turn.facts.id)", "error": "\(error)"])
      asking.turn.input { $0.upstreamFailed(.budgetExhausted) }
      close(token, asking)
    case .success(.fenced):
      node.doubt()
      repeatLater(token, asking)
    case .failure(let error):
      failures.failed("tokens will be asked for again", error, metadata: ["turn": "\(asking.turn.facts.id)"])
      repeatLater(token, asking)
    }
  }

  private func close(_ token: Int, _ asking: Asking) {
    askings[token] = nil
    asking.answered?()
  }

  private func repeatLater(_ token: Int, _ asking: Asking) {
    let pause = min(1_000, 20 << min(asking.attempts, 6))
    // No handle is kept: a timer that finds its asking gone does nothing.
    _ = loop.schedule(at: Instant.now().advanced(milliseconds: pause), handler: self, token: token)
  }
}
