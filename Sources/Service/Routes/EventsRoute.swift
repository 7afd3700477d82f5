import Chat
import EventLoop
import FrontDoor
import Store

/// `GET /chat/{turn}/events`: what polls would fetch, as a stream: server-sent events, or JSON lines for who accepts
/// those. Cursors are those of polls: a client may go over from one to the other at any chunk.
struct EventsRoute: Sendable {
  let gate: Gate
  let registry: Registry
  let finder: TurnFinder
  let store: TurnStore
  let budget: IdentityBudget
  let streams: [Streams]
  let places: StreamPlaces

  /// *Loop only.*
  func handle(_ request: Request, _ captured: String, _ exchange: Exchange) {
    do throws(Refusal) {
      let wish = try Wish(request, turn: captured)
      switch gate.judge(request) {
      case .granted(let grant):
        if let turn = present(wish, for: grant) { return try serve(wish, of: turn, grant, request, exchange) }
        later(wish, request, exchange)
      case .lookUp:
        later(wish, request, exchange)
      case .refused(let refusal):
        throw refusal
      }
    } catch {
      exchange.reply(gate.response(to: request, refusing: error))
    }
  }

  /// What a request asks for.
  private struct Wish: Sendable {
    let turn: ID
    let reader: StreamReader
    /// Tells tabs apart.
    let name: String

    init(_ request: Request, turn: String) throws(Refusal) {
      guard let id = ID(turn) else { throw .notFound }
      self.turn = id
      guard let cursor = (request.lastEventID ?? request.queryValue("cursor")).map({ Cursor($0) }) ?? .start else {
        throw Refusal(400, .badCursor, "The cursor is none of this server's.")
      }
      let form: any StreamForm =
        StreamKind(accepted: request.accept) == .lines ? JSONLinesForm() : EventStreamForm()
      reader = StreamReader(form: form, cursor: cursor)
      name = request.queryValue("reader") ?? ""
      guard name.utf8.count <= 32 else { throw .malformed("`reader` is longer than 32 bytes.") }
    }
  }

  /// The turn, if it is in memory and may be read; a foreign one goes the way of an absent one.
  private func present(_ wish: Wish, for grant: Gate.Grant) -> LiveTurn? {
    guard let turn = registry.find(wish.turn), grant.principal.mayRead(turn: turn.facts.id, of: turn.facts.identity)
    else { return nil }
    return turn
  }

  /// *Loop only.* A turn that is in memory.
  private func serve(
    _ wish: Wish, of turn: LiveTurn, _ grant: Gate.Grant, _ request: Request, _ exchange: Exchange
  ) throws(Refusal) {
    let origin = try gate.origin(of: request, surface: turn.facts.surface)
    if case .refused(let milliseconds) = turn.admit(reader: wish.name, cursor: wish.reader.cursor) {
      gate.meters.hit(.readerBudget)
      throw .tooManyPolls(milliseconds: milliseconds)
    }
    if turn.isRead(by: wish.reader.cursor) { return exchange.reply(.nothingMore(origin: origin)) }
    let place = try places.take(for: gate.isPerson(request) ? grant.principal.identity : nil)
    streams.of(exchange).open(exchange, of: .live(turn), for: wish.reader, in: place, origin: origin)
  }

  /// Whatever needs the database first.
  private func later(_ wish: Wish, _ request: Request, _ exchange: Exchange) {
    Task {
      do throws(Refusal) {
        let grant = try await gate.admit(request)
        if let turn = present(wish, for: grant) { return hand(wish, of: turn, grant, request, exchange) }
        guard grant.principal.mayKnow(turn: wish.turn) else { throw Refusal.notFound }
        if let milliseconds = budget.take(of: grant.principal.identity) {
          gate.meters.hit(.identityBudget)
          throw Refusal.tooManyPolls(milliseconds: milliseconds)
        }
        switch try await finder.find(wish.turn, for: grant.principal) {
        case .live(let turn): hand(wish, of: turn, grant, request, exchange)
        case .ended(let facts, let row, let terminal):
          let origin = try gate.origin(of: request, surface: facts.surface)
          try await replay(wish, facts, row, terminal, grant, request, origin, exchange)
        }
      } catch {
        exchange.reply(gate.response(to: request, refusing: error))
      }
    }
  }

  /// Back to the exchange's loop.
  private func hand(
    _ wish: Wish, of turn: LiveTurn, _ grant: Gate.Grant, _ request: Request, _ exchange: Exchange
  ) {
    exchange.loop.submit {
      do throws(Refusal) {
        try serve(wish, of: turn, grant, request, exchange)
      } catch {
        exchange.reply(gate.response(to: request, refusing: error))
      }
    }
  }

  /// A turn that has ended, from its rows.
  private func replay(
    _ wish: Wish, _ facts: LiveTurn.Facts, _ row: TurnStore.Row, _ terminal: Terminal, _ grant: Gate.Grant,
    _ request: Request, _ origin: String?, _ exchange: Exchange
  ) async throws(Refusal) {
    if wish.reader.cursor == Cursor(epoch: row.epoch, offset: row.chunks ?? 0) {
      return exchange.reply(.nothingMore(origin: origin))
    }
    let place = try places.take(for: gate.isPerson(request) ? grant.principal.identity : nil)
    let total = row.chunks ?? 0
    let cursor = wish.reader.cursor
    let isHere = cursor.epoch == row.epoch && cursor.offset <= total
    let from = isHere ? cursor : Cursor(epoch: row.epoch, offset: 0)
    let page: [(sequence: Int, events: [UInt8])]
    do { page = row.compacted ? [] : try await store.chunks(of: facts.id, after: from) } catch { throw Refusal(error) }
    let log: StoredLog
    if page.first?.sequence == from.offset + 1 {
      log = StoredLog(facts, row, terminal, store: store, first: page)
    } else {
      log = StoredLog(facts, row, terminal, compacted: try await finder.compacted(facts, row, terminal))
    }
    exchange.loop.submit {
      streams.of(exchange).open(exchange, of: .stored(log), for: wish.reader, in: place, origin: origin)
    }
  }
}

extension Response {
  /// The reader has all there is: what tells an EventSource to stay away (WHATWG HTML, section 9.2.3).
  static func nothingMore(origin: String?) -> Response {
    Response(Head(status: 204, headers: CrossOrigin.headers(for: origin)))
  }
}
