import Chat
import EventLoop
import Logging
import Store
import Synchronization

/// Writes the ends of turns: each a transaction of its own, on the common connections, repeated by itself.
// Sendable is unchecked because all mutable state is confined to the loop.
final class Finisher: TimerHandler, @unchecked Sendable {
  /// A frozen end, and whose it is.
  private struct Ending {
    let turn: LiveTurn
    let write: FlushStore.Write
    let incarnation: ID
    let begun = Instant.now()
    var attempts = 0
  }

  private let loop: EventLoop
  private let store: FlushStore
  private let node: Node
  private let log: Logger
  private let failures: DatabaseLog
  private let meters: Meters
  /// Bounded by the turns of this node.
  private var endings: [Int: Ending] = [:] {
    didSet { counted.store(endings.count, ordering: .relaxed) }
  }
  private var next = 0
  private let counted = Atomic<Int>(0)

  init(loop: EventLoop, store: FlushStore, node: Node, log: Logger, failures: DatabaseLog, meters: Meters) {
    self.loop = loop
    self.store = store
    self.node = node
    self.log = log
    self.failures = failures
    self.meters = meters
  }

  /// Turns whose end is not committed. From any thread.
  var pending: Int { counted.load(ordering: .relaxed) }

  /// *Loop only.*
  func end(_ turn: LiveTurn, with write: FlushStore.Write, incarnation: ID) {
    next += 1
    endings[next] = Ending(turn: turn, write: write, incarnation: incarnation)
    transmit(next)
  }

  func timerFired(_ token: Int) { transmit(token) }

  private func transmit(_ token: Int) {
    guard let ending = endings[token] else { return }
    if ending.incarnation != node.incarnation {
      endings[token] = nil
      return
    }
    endings[token]?.attempts += 1
    if ending.attempts > 0 { meters.flushRetries.add(.end, in: meters.lane) }
    store.send(ending.write) { [self] result in
      loop.execute { [self] in answered(token, result) }
    }
  }

  private func answered(_ token: Int, _ result: Result<FlushStore.Verdict, StoreError>) {
    guard let ending = endings[token] else { return }
    let turn = ending.turn
    switch result {
    case .success(.written):
      endings[token] = nil
      meters.endDuration.observe(Instant.now().nanoseconds - ending.begun.nanoseconds, in: meters.lane)
      turn.input { $0.finishSucceeded() }
    case .success(.notOurs):
      endings[token] = nil
      log.error("turn was ended elsewhere", metadata: ["turn": "\(turn.facts.id)"])
      turn.input { $0.lose() }
    case .failure(let error) where error.isPermanent:
      // The caretaker ends the turn that nobody runs any more.
      endings[token] = nil
      log.error("turn cannot be ended", metadata: ["turn": "\(turn.facts.id)", "error": "\(error)"])
      turn.input { $0.lose() }
    case .success(.fenced):
      node.doubt()
      repeatLater(token, ending)
    case .failure(let error):
      failures.failed("end will be repeated", error, metadata: ["turn": "\(turn.facts.id)"])
      repeatLater(token, ending)
    }
  }

  private func repeatLater(_ token: Int, _ ending: Ending) {
    let pause = min(1_000, 20 << min(ending.attempts, 6))
    // No handle is kept: a timer that finds its ending gone does nothing.
    _ = loop.schedule(at: Instant.now().advanced(milliseconds: pause), handler: self, token: token)
  }
}
