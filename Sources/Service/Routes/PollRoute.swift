import Chat
import EventLoop
import FrontDoor
import Store

/// `GET /chat/{turn}/poll`: a look-up, a permission check and a copy; or a small struct in the parking.
struct PollRoute: TurnRoute {
  let access: TurnAccess
  let parkings: [Parking]

  struct Wish: Sendable {
    let cursor: Cursor
    let wait: Int
    let arrived = Instant.now()
    let hidden: Bool
    let usage: Bool
    let reader: String
  }

  func wish(of request: Request) throws(Refusal) -> Wish {
    let cursor = try Cursor(said: request.queryValue("cursor"))
    guard let wait = request.queryValue("wait").map({ Int($0) }) ?? 0, wait >= 0 else {
      throw .malformed("`wait` is not a number of milliseconds.")
    }
    return Wish(
      cursor: cursor, wait: wait, hidden: request.queryValue("hidden") == "1",
      usage: request.queryValue("usage") == "1", reader: try request.readerName())
  }

  func read(
    _ turn: LiveTurn, _ wish: Wish, _ grant: Gate.Grant, _ request: Request, _ exchange: Exchange
  ) throws(Refusal) {
    let origin = try access.gate.origin(of: request, surface: turn.facts.surface)
    try access.gate.require(.poll, of: grant.principal, for: turn.facts)
    let bucket = try access.gate.admit(wish.reader, with: wish.cursor, to: turn)
    let ask = Ask(
      form: .poll(wish.cursor), hidden: wish.hidden, usage: wish.usage, waits: wish.wait > 0, bucket: bucket,
      origin: origin, renewal: grant.renewal)
    parkings.of(exchange).answer(
      exchange, of: turn, ask: ask,
      hold: turn.facts.pacer.hold(wish.wait - Instant.now().milliseconds(since: wish.arrived)))
  }

  func read(
    _ facts: LiveTurn.Facts, _ row: TurnStore.Row, _ terminal: Terminal, _ wish: Wish, _ grant: Gate.Grant,
    _ request: Request, _ exchange: Exchange
  ) async throws(Refusal) {
    let origin = try access.gate.origin(of: request, surface: facts.surface)
    try access.gate.require(.poll, of: grant.principal, for: facts)
    var reply = try await access.finder.poll(wish.cursor, facts, row, terminal)
    reply.token = grant.renewal
    access.gate.meters.polls.add(.immediate, in: access.gate.meters.lane)
    exchange.reply(.poll(reply, origin: origin))
  }

  func refuse(_ refusal: Refusal, _ request: Request, _ exchange: Exchange) {
    access.gate.meters.polls.add(.refused, in: access.gate.meters.lane)
    exchange.reply(access.gate.response(to: request, refusing: refusal))
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
