import Chat
import EventLoop
import FrontDoor
import Store

/// `GET /chat/{turn}/events`: what polls would fetch, as a stream: server-sent events, or JSON lines for who accepts
/// those. Cursors are those of polls: a client may go over from one to the other at any chunk.
struct EventsRoute: Sendable {
  let access: TurnAccess
  let streams: [Streams]
  let permits: StreamPermits

  /// *Loop only.*
  func handle(_ request: Request, _ captured: String, _ exchange: Exchange) {
    do throws(Refusal) {
      access.open(to: try Wish(request, turn: captured, exchange, self))
    } catch {
      exchange.reply(access.gate.response(to: request, refusing: error))
    }
  }

  /// What a request asks for.
  private struct Wish: TurnVisit {
    let route: EventsRoute
    let request: Request
    let exchange: Exchange
    let turn: ID
    let reader: StreamReader
    /// Tells tabs apart.
    let name: String

    init(_ request: Request, turn: String, _ exchange: Exchange, _ route: EventsRoute) throws(Refusal) {
      (self.route, self.request, self.exchange) = (route, request, exchange)
      guard let id = ID(turn) else { throw .notFound }
      self.turn = id
      let cursor = try Cursor(said: request.lastEventID ?? request.queryValue("cursor"))
      let form: any StreamForm =
        StreamKind(accepted: request.accept) == .lines ? JSONLinesForm() : EventStreamForm()
      reader = StreamReader(form: form, cursor: cursor)
      name = try request.readerName()
    }

    private var gate: Gate { route.access.gate }

    func read(_ turn: LiveTurn, _ grant: Gate.Grant) throws(Refusal) {
      let origin = try gate.origin(of: request, surface: turn.facts.surface)
      _ = try gate.admit(name, with: reader.cursor, to: turn)
      if turn.isRead(by: reader.cursor) { return exchange.reply(.nothingMore(origin: origin)) }
      let permit = try permit(for: grant)
      route.streams.of(exchange).open(exchange, of: .live(turn), for: reader, by: permit, origin: origin)
    }

    func read(
      _ facts: LiveTurn.Facts, _ row: TurnStore.Row, _ terminal: Terminal, _ grant: Gate.Grant
    ) async throws(Refusal) {
      let origin = try gate.origin(of: request, surface: facts.surface)
      let total = row.chunks ?? 0
      if reader.cursor == Cursor(epoch: row.epoch, offset: total) {
        return exchange.reply(.nothingMore(origin: origin))
      }
      let permit = try permit(for: grant)
      let isHere = reader.cursor.epoch == row.epoch && reader.cursor.offset <= total
      let from = isHere ? reader.cursor : Cursor(epoch: row.epoch, offset: 0)
      let finder = route.access.finder
      let page = row.compacted ? [] : try await finder.page(of: facts.id, after: from)
      let log: StoredLog
      if page.first?.sequence == from.offset + 1 {
        log = StoredLog(facts, row, terminal, finder: finder, first: page)
      } else {
        let compacted = try await finder.compacted(facts, row, terminal)
        log = StoredLog(facts, row, terminal, finder: finder, compacted: compacted)
      }
      exchange.loop.submit {
        route.streams.of(exchange).open(exchange, of: .stored(log), for: reader, by: permit, origin: origin)
      }
    }

    private func permit(for grant: Gate.Grant) throws(Refusal) -> StreamPermit {
      try route.permits.take(for: gate.isPerson(request) ? grant.principal.identity : nil)
    }

    func refuse(_ refusal: Refusal) { exchange.reply(gate.response(to: request, refusing: refusal)) }
  }
}

extension Response {
  /// The reader has all there is: what tells an EventSource to stay away (WHATWG HTML, section 9.2.3).
  static func nothingMore(origin: String?) -> Response {
    Response(Head(status: 204, headers: CrossOrigin.headers(for: origin)))
  }
}
