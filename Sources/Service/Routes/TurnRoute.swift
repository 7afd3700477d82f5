import Chat
import EventLoop
import FrontDoor
import Store

/// What it takes to find a turn and to know who may read it.
struct TurnAccess: Sendable {
  let gate: Gate
  let registry: Registry
  let finder: TurnFinder
  let budget: IdentityBudget

  /// The turn, if it is in memory and may be read. A foreign one goes the way of an absent one, through the database:
  /// were it refused sooner, or never told to slow down, that would tell that it is there.
  fileprivate func present(_ id: ID, for grant: Gate.Grant) -> LiveTurn? {
    guard let turn = registry.find(id),
      grant.principal.mayRead(turn: id, of: gate.memory.now(turn.facts.identity))
    else { return nil }
    return turn
  }
}

/// A route by which a turn is read.
protocol TurnRoute: Sendable {
  /// What a request asks for.
  associatedtype Wish: Sendable

  var access: TurnAccess { get }

  /// Throws 400.
  func wish(of request: Request) throws(Refusal) -> Wish

  /// *Loop only.* A turn in memory.
  func read(
    _ turn: LiveTurn, _ wish: Wish, _ grant: Gate.Grant, _ request: Request, _ exchange: Exchange
  ) throws(Refusal)

  /// One that has ended, from its rows.
  func read(
    _ facts: LiveTurn.Facts, _ row: TurnStore.Row, _ terminal: Terminal, _ wish: Wish, _ grant: Gate.Grant,
    _ request: Request, _ exchange: Exchange
  ) async throws(Refusal)

  func refuse(_ refusal: Refusal, _ request: Request, _ exchange: Exchange)
}

extension TurnRoute {
  /// *Loop only.* Replies in every case: at once if credential and turn are in memory, else by way of the database.
  func handle(_ request: Request, _ captured: String, _ exchange: Exchange) {
    do throws(Refusal) {
      let wish = try wish(of: request)
      switch access.gate.judge(request) {
      case .granted(let grant):
        guard let id = ID(captured) else { throw .notFound }
        guard let turn = access.present(id, for: grant) else { return later(captured, wish, request, exchange) }
        try read(turn, wish, grant, request, exchange)
      case .lookUp:
        later(captured, wish, request, exchange)
      case .refused(let refusal):
        throw refusal
      }
    } catch {
      refuse(error, request, exchange)
    }
  }

  /// Whatever needs the database first.
  private func later(_ captured: String, _ wish: Wish, _ request: Request, _ exchange: Exchange) {
    Task {
      do throws(Refusal) {
        let grant = try await access.gate.admit(request)
        guard let id = ID(captured) else { throw Refusal.notFound }
        if let turn = access.present(id, for: grant) { return hand(turn, wish, grant, request, exchange) }
        guard grant.principal.mayKnow(turn: id) else { throw Refusal.notFound }
        if let milliseconds = access.budget.take(of: grant.principal.identity) {
          access.gate.meters.hit(.identityBudget)
          throw Refusal.tooManyPolls(milliseconds: milliseconds)
        }
        switch try await access.finder.find(id, for: grant.principal) {
        case .live(let turn): hand(turn, wish, grant, request, exchange)
        case .ended(let facts, let row, let terminal):
          try await read(facts, row, terminal, wish, grant, request, exchange)
        }
      } catch {
        refuse(error, request, exchange)
      }
    }
  }

  /// Back to the exchange's loop.
  private func hand(
    _ turn: LiveTurn, _ wish: Wish, _ grant: Gate.Grant, _ request: Request, _ exchange: Exchange
  ) {
    exchange.loop.submit {
      do throws(Refusal) {
        try read(turn, wish, grant, request, exchange)
      } catch {
        refuse(error, request, exchange)
      }
    }
  }
}
