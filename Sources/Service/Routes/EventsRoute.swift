import Chat
import EventLoop
import FrontDoor
import Store

/// `GET /chat/{turn}/events`: what polls would fetch, as a stream: server-sent events, or JSON lines for who accepts
/// those. Cursors are those of polls: a client may go over from one to the other at any chunk.
struct EventsRoute: TurnRoute {
  let access: TurnAccess
  let streams: [Streams]
  let permits: StreamPermits

  struct Wish: Sendable {
    let reader: StreamReader
    /// Tells tabs apart.
    let name: String
  }

  func wish(of request: Request) throws(Refusal) -> Wish {
    let cursor = try Cursor(said: request.lastEventID ?? request.queryValue("cursor"))
    let form: any StreamForm = StreamKind(accepted: request.accept) == .lines ? JSONLinesForm() : EventStreamForm()
    return Wish(reader: StreamReader(form: form, cursor: cursor), name: try request.readerName())
  }

  func read(
    _ turn: LiveTurn, _ wish: Wish, _ grant: Gate.Grant, _ request: Request, _ exchange: Exchange
  ) throws(Refusal) {
    let origin = try access.gate.origin(of: request, surface: turn.facts.surface)
    try access.gate.require(.sse, of: grant.principal, for: turn.facts)
    _ = try access.gate.admit(wish.name, with: wish.reader.cursor, to: turn)
    if turn.isRead(by: wish.reader.cursor) { return exchange.reply(.nothingMore(origin: origin)) }
    let permit = try permit(for: grant, request)
    streams.of(exchange).open(exchange, of: .live(turn), for: wish.reader, by: permit, origin: origin)
  }

  func read(
    _ facts: LiveTurn.Facts, _ row: TurnStore.Row, _ terminal: Terminal, _ wish: Wish, _ grant: Gate.Grant,
    _ request: Request, _ exchange: Exchange
  ) async throws(Refusal) {
    let origin = try access.gate.origin(of: request, surface: facts.surface)
    try access.gate.require(.sse, of: grant.principal, for: facts)
    let (cursor, total) = (wish.reader.cursor, row.chunks ?? 0)
    if cursor == Cursor(epoch: row.epoch, offset: total) { return exchange.reply(.nothingMore(origin: origin)) }
    let permit = try permit(for: grant, request)
    let isHere = cursor.epoch == row.epoch && cursor.offset <= total
    let from = isHere ? cursor : Cursor(epoch: row.epoch, offset: 0)
    let page = row.compacted ? [] : try await access.finder.page(of: facts.id, after: from)
    let log: StoredLog
    if page.first?.sequence == from.offset + 1 {
      log = StoredLog(facts, row, terminal, finder: access.finder, first: page)
    } else {
      let compacted = try await access.finder.compacted(facts, row, terminal)
      log = StoredLog(facts, row, terminal, finder: access.finder, compacted: compacted)
    }
    exchange.loop.submit {
      streams.of(exchange).open(exchange, of: .stored(log), for: wish.reader, by: permit, origin: origin)
    }
  }

  private func permit(for grant: Gate.Grant, _ request: Request) throws(Refusal) -> StreamPermit {
    try permits.take(for: access.gate.isPerson(request) ? grant.principal.identity : nil, by: grant.credential)
  }

  func refuse(_ refusal: Refusal, _ request: Request, _ exchange: Exchange) {
    exchange.reply(access.gate.response(to: request, refusing: refusal))
  }
}

extension Response {
  /// The reader has all there is: what tells an EventSource to stay away (WHATWG HTML, section 9.2.3).
  static func nothingMore(origin: String?) -> Response {
    Response(Head(status: 204, headers: CrossOrigin.headers(for: origin)))
  }
}
