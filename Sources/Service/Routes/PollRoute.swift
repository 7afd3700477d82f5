import Chat
import EventLoop
import FrontDoor
import Store

/// `GET /chat/{turn}/poll`: a look-up, a permission check and a copy; or a small struct in the parking.
struct PollRoute: Sendable {
  let access: TurnAccess
  let parkings: [Parking]

  /// *Loop only.*
  func handle(_ request: Request, _ captured: String, _ exchange: Exchange) {
    do throws(Refusal) {
      access.open(to: try Poll(request, turn: captured, exchange, self))
    } catch {
      refuse(error, request, exchange)
    }
  }

  private func refuse(_ refusal: Refusal, _ request: Request, _ exchange: Exchange) {
    access.gate.meters.polls.add(.refused, in: access.gate.meters.lane)
    exchange.reply(access.gate.response(to: request, refusing: refusal))
  }

  /// What a poll asks for.
  private struct Poll: TurnVisit {
    let route: PollRoute
    let request: Request
    let exchange: Exchange
    let turn: ID
    let cursor: Cursor
    let wait: Int
    let arrived = Instant.now()
    let hidden: Bool
    let reader: String

    init(_ request: Request, turn: String, _ exchange: Exchange, _ route: PollRoute) throws(Refusal) {
      (self.route, self.request, self.exchange) = (route, request, exchange)
      guard let id = ID(turn) else { throw .notFound }
      self.turn = id
      cursor = try Cursor(said: request.queryValue("cursor"))
      guard let wait = request.queryValue("wait").map({ Int($0) }) ?? 0, wait >= 0 else {
        throw .malformed("`wait` is not a number of milliseconds.")
      }
      self.wait = wait
      hidden = request.queryValue("hidden") == "1"
      reader = try request.readerName()
    }

    func read(_ turn: LiveTurn, _ grant: Gate.Grant) throws(Refusal) {
      let gate = route.access.gate
      let origin = try gate.origin(of: request, surface: turn.facts.surface)
      let bucket = try gate.admit(reader, with: cursor, to: turn)
      let ask = Ask(
        form: .poll(cursor), hidden: hidden, waits: wait > 0, bucket: bucket, origin: origin, renewal: grant.renewal)
      route.parkings.of(exchange).answer(
        exchange, of: turn, ask: ask,
        hold: turn.facts.pacer.hold(wait - Instant.now().milliseconds(since: arrived)))
    }

    func read(
      _ facts: LiveTurn.Facts, _ row: TurnStore.Row, _ terminal: Terminal, _ grant: Gate.Grant
    ) async throws(Refusal) {
      let gate = route.access.gate
      let origin = try gate.origin(of: request, surface: facts.surface)
      var reply = try await route.access.finder.poll(cursor, facts, row, terminal)
      reply.token = grant.renewal
      gate.meters.polls.add(.immediate, in: gate.meters.lane)
      exchange.reply(.poll(reply, origin: origin))
    }

    func refuse(_ refusal: Refusal) { route.refuse(refusal, request, exchange) }
  }
}

extension Cursor {
  /// As a client names it; the first where it names none. Throws 400.
  init(said text: String?) throws(Refusal) {
    guard let cursor = text.map({ Cursor($0) }) ?? .start else {
      throw Refusal(400, .badCursor, "The cursor is none of this server's.")
    }
    self = cursor
  }
}

extension Request {
  /// `reader`, which tells tabs apart. Throws 400.
  func readerName() throws(Refusal) -> String {
    let name = queryValue("reader") ?? ""
    guard name.utf8.count <= 32 else { throw .malformed("`reader` is longer than 32 bytes.") }
    return name
  }
}

extension Gate {
  /// Takes a request of `reader` from its budget; its bucket. Throws 429.
  func admit(_ reader: String, with cursor: Cursor, to turn: LiveTurn) throws(Refusal) -> UInt8 {
    switch turn.admit(reader: reader, cursor: cursor) {
    case .granted(let bucket): return bucket
    case .refused(let milliseconds):
      meters.hit(.readerBudget)
      throw .tooManyPolls(milliseconds: milliseconds)
    }
  }
}

extension [Parking] {
  /// The parking of the loop that owns the exchange.
  func of(_ exchange: Exchange) -> Parking {
    first { $0.loop === exchange.loop } ?? self[0]
  }
}
