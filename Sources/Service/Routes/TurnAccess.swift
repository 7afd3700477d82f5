import Chat
import EventLoop
import FrontDoor
import Store

/// A request that wants to read a turn.
protocol TurnVisit: Sendable {
  var turn: ID { get }
  var request: Request { get }
  var exchange: Exchange { get }

  /// *Loop only.* A turn in memory.
  func read(_ turn: LiveTurn, _ grant: Gate.Grant) throws(Refusal)

  /// One that has ended, from its rows.
  func read(
    _ facts: LiveTurn.Facts, _ row: TurnStore.Row, _ terminal: Terminal, _ grant: Gate.Grant
  ) async throws(Refusal)

  func refuse(_ refusal: Refusal)
}

/// Lets those in who may read a turn: at once if credential and turn are in memory, else by way of the database.
struct TurnAccess: Sendable {
  let gate: Gate
  let registry: Registry
  let finder: TurnFinder
  let budget: IdentityBudget

  /// *Loop only.* Replies in every case.
  func open(to visit: some TurnVisit) {
    do throws(Refusal) {
      switch gate.judge(visit.request) {
      case .granted(let grant):
        if let turn = present(visit.turn, for: grant) { return try visit.read(turn, grant) }
        later(visit)
      case .lookUp:
        later(visit)
      case .refused(let refusal):
        throw refusal
      }
    } catch {
      visit.refuse(error)
    }
  }

  /// The turn, if it is in memory and may be read. A foreign one goes the way of an absent one, through the database:
  /// were it refused sooner, or never told to slow down, that would tell that it is there.
  private func present(_ id: ID, for grant: Gate.Grant) -> LiveTurn? {
    guard let turn = registry.find(id), grant.principal.mayRead(turn: id, of: turn.facts.identity) else { return nil }
    return turn
  }

  /// Whatever needs the database first.
  private func later(_ visit: some TurnVisit) {
    Task {
      do throws(Refusal) {
        let grant = try await gate.admit(visit.request)
        if let turn = present(visit.turn, for: grant) { return hand(turn, grant, to: visit) }
        guard grant.principal.mayKnow(turn: visit.turn) else { throw Refusal.notFound }
        if let milliseconds = budget.take(of: grant.principal.identity) {
          gate.meters.hit(.identityBudget)
          throw Refusal.tooManyPolls(milliseconds: milliseconds)
        }
        switch try await finder.find(visit.turn, for: grant.principal) {
        case .live(let turn): hand(turn, grant, to: visit)
        case .ended(let facts, let row, let terminal): try await visit.read(facts, row, terminal, grant)
        }
      } catch {
        visit.refuse(error)
      }
    }
  }

  /// Back to the exchange's loop.
  private func hand(_ turn: LiveTurn, _ grant: Gate.Grant, to visit: some TurnVisit) {
    visit.exchange.loop.submit {
      do throws(Refusal) { try visit.read(turn, grant) } catch { visit.refuse(error) }
    }
  }
}
