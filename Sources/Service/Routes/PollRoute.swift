import Chat
import EventLoop
import FrontDoor

/// `GET /chat/{turn}/poll`: a look-up, a permission check and a copy; or a small struct in the parking.
struct PollRoute: Sendable {
  let gate: Gate
  let registry: Registry
  let finder: TurnFinder
  let budget: IdentityBudget
  let parkings: [Parking]

  /// *Loop only.*
  func handle(_ request: Request, _ captured: String, _ exchange: Exchange) {
    do throws(Refusal) {
      let poll = try Poll(request, turn: captured)
      switch gate.judge(request) {
      case .granted(let grant):
        if let turn = present(poll, for: grant) { return try serve(poll, of: turn, grant, request, exchange) }
        later(poll, request, exchange)
      case .lookUp:
        later(poll, request, exchange)
      case .refused(let refusal):
        throw refusal
      }
    } catch {
      refuse(error, request, exchange)
    }
  }

  private func refuse(_ refusal: Refusal, _ request: Request, _ exchange: Exchange) {
    gate.meters.polls.add(.refused, in: gate.meters.lane)
    exchange.reply(gate.response(to: request, refusing: refusal))
  }

  /// What a poll asks for.
  private struct Poll: Sendable {
    let turn: ID
    let cursor: Cursor
    let wait: Int
    let arrived = Instant.now()
    let hidden: Bool
    let reader: String

    init(_ request: Request, turn: String) throws(Refusal) {
      guard let id = ID(turn) else { throw .notFound }
      self.turn = id
      guard let cursor = request.queryValue("cursor").map({ Cursor($0) }) ?? .start else {
        throw Refusal(400, .badCursor, "The cursor is none of this server's.")
      }
      self.cursor = cursor
      guard let wait = request.queryValue("wait").map({ Int($0) }) ?? 0, wait >= 0 else {
        throw .malformed("`wait` is not a number of milliseconds.")
      }
      self.wait = wait
      hidden = request.queryValue("hidden") == "1"
      reader = request.queryValue("reader") ?? ""
      guard reader.utf8.count <= 32 else { throw .malformed("`reader` is longer than 32 bytes.") }
    }
  }

  /// The turn, if it is in memory and may be read. A foreign one goes the way of an absent one, through the database:
  /// were it refused sooner, or never told to slow down, that would tell that it is there.
  private func present(_ poll: Poll, for grant: Gate.Grant) -> LiveTurn? {
    guard let turn = registry.find(poll.turn),
      grant.principal.mayRead(turn: turn.facts.id, of: turn.facts.identity)
    else { return nil }
    return turn
  }

  /// *Loop only.* A turn that is in memory.
  private func serve(
    _ poll: Poll, of turn: LiveTurn, _ grant: Gate.Grant, _ request: Request, _ exchange: Exchange
  ) throws(Refusal) {
    guard grant.principal.mayRead(turn: turn.facts.id, of: turn.facts.identity) else { throw .notFound }
    let origin = try gate.origin(of: request, surface: turn.facts.surface)
    let place: UInt8
    switch turn.admit(reader: poll.reader, cursor: poll.cursor) {
    case .granted(let granted): place = granted
    case .refused(let milliseconds):
      gate.meters.hit(.readerBudget)
      throw .tooManyPolls(milliseconds: milliseconds)
    }
    let ask = Ask(
      form: .poll(poll.cursor), hidden: poll.hidden, waits: poll.wait > 0, place: place, origin: origin,
      renewal: grant.renewal)
    parkings.of(exchange).answer(
      exchange, of: turn, ask: ask,
      hold: turn.facts.pacer.hold(poll.wait - Instant.now().milliseconds(since: poll.arrived)))
  }

  /// Whatever needs the database first.
  private func later(_ poll: Poll, _ request: Request, _ exchange: Exchange) {
    Task {
      do throws(Refusal) {
        let grant = try await gate.admit(request)
        if let turn = present(poll, for: grant) { return hand(poll, of: turn, grant, request, exchange) }
        guard grant.principal.mayKnow(turn: poll.turn) else { throw Refusal.notFound }
        if let milliseconds = budget.take(of: grant.principal.identity) {
          gate.meters.hit(.identityBudget)
          throw Refusal.tooManyPolls(milliseconds: milliseconds)
        }
        switch try await finder.find(poll.turn, for: grant.principal) {
        case .live(let turn):
          hand(poll, of: turn, grant, request, exchange)
        case .ended(let facts, let row, let terminal):
          let origin = try gate.origin(of: request, surface: facts.surface)
          var reply = try await finder.poll(poll.cursor, facts, row, terminal)
          reply.token = grant.renewal
          gate.meters.polls.add(.immediate, in: gate.meters.lane)
          exchange.reply(.poll(reply, origin: origin))
        }
      } catch {
        refuse(error, request, exchange)
      }
    }
  }

  /// Back to the exchange's loop.
  private func hand(
    _ poll: Poll, of turn: LiveTurn, _ grant: Gate.Grant, _ request: Request, _ exchange: Exchange
  ) {
    exchange.loop.submit {
      do throws(Refusal) {
        try serve(poll, of: turn, grant, request, exchange)
      } catch {
        refuse(error, request, exchange)
      }
    }
  }
}

extension [Parking] {
  /// The parking of the loop that owns the exchange.
  func of(_ exchange: Exchange) -> Parking {
    first { $0.loop === exchange.loop } ?? self[0]
  }
}
