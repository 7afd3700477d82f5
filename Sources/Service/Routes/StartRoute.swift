import Chat
import EventLoop
import FrontDoor
import Store
import Wire

/// `POST /chat/start`: one round trip to PostgreSQL, then the turn is on its way.
struct StartRoute: Sendable {
  /// How long a classic request waits, in milliseconds: below nginx's read time-out.
  static let classicHold = 50_000

  let gate: Gate
  let node: Node
  let registry: Registry
  let surfaces: Surfaces
  let store: StartStore
  let finder: TurnFinder
  let starter: TurnStarter
  let parkings: [Parking]
  let isDraining: @Sendable () -> Bool

  func handle(_ request: Request, _ exchange: Exchange) {
    let arrived = Instant.now()
    Task {
      do throws(Refusal) {
        try await start(request, exchange, arrived)
      } catch {
        exchange.reply(error.response(origin: gate.origin(of: request)))
      }
    }
  }

  private func start(_ request: Request, _ exchange: Exchange, _ arrived: Instant) async throws(Refusal) {
    guard case .identity(let identity, let surface) = try await gate.admit(request).principal else {
      throw Refusal(403, "session_required", "A turn's token starts no turn: use a session token or surface key.")
    }
    guard surfaces.find(surface) != nil else {
      throw Refusal(403, "surface_disabled", "This surface takes no messages.")
    }
    let origin = try gate.origin(of: request, surface: surface)
    let body = try StartRequest(request.body)
    if let key = request.idempotencyKey, key.utf8.count > 255 || key.utf8.contains(0) {
      throw .malformed("Idempotency-Key is longer than 255 bytes.")
    }
    let start = StartStore.Start(
      incarnation: node.incarnation, identity: identity, surface: surface, model: body.model,
      conversation: body.conversation ?? ID.fresh(), isNewConversation: body.conversation == nil,
      after: .newest, turn: ID.fresh(tag: node.tag), userMessage: ID.fresh(), assistantMessage: ID.fresh(later: 1),
      parts: body.parts, estimatedTokens: 0, metadata: body.metadata,
      key: request.idempotencyKey.map { ($0, body.hash) })
    guard registry.reserve(start.turn) else { throw .overloaded }
    defer { registry.settle(start.turn) }
    // After the reservation: a drain that begins now waits for this start.
    if isDraining() || !node.holdsLease { throw .draining }
    let outcome = try await take(start)
    let asked = Asked(
      streams: body.streams, mount: request.mount, identity: identity, origin: origin, exchange: exchange,
      arrived: arrived)
    switch outcome {
    case .started(let plan, let history):
      let facts = LiveTurn.Facts(
        id: start.turn, conversation: start.conversation, identity: identity, surface: surface,
        message: start.assistantMessage, pacer: surfaces.pacer(of: surface))
      answer(
        asked,
        with: starter.begin(
          facts, plan: plan, history: history, incarnation: start.incarnation))
    case .repeated(_, sameBody: false):
      throw Refusal(422, "idempotency_key_reused", "This Idempotency-Key was used with another body.")
    case .repeated(let turn, sameBody: true):
      try await attach(asked, to: turn)
    case .busy(let turn?):
      try await refuse(asked, busyWith: turn)
    case .busy(nil):
      throw .overloaded
    case .noConversation: throw .notFound
    case .noMessage:
      throw Refusal(422, "no_such_message", "`after` names no message of this conversation.")
    case .tooLong:
      throw Refusal(422, "context_too_long", "The message is too long for the model.")
    case .noModel: throw .noModel
    case .fenced:
      node.doubt()
      throw .draining
    }
  }

  /// A turn that ended between two of its statements leaves the conversation free for a second try.
  private func take(_ start: StartStore.Start) async throws(Refusal) -> StartStore.Outcome {
    do {
      let outcome = try await store.start(start)
      if case .busy(nil) = outcome { return try await store.start(start) }
      return outcome
    } catch {
      throw .unavailable
    }
  }

  /// Who asked, and in which form the answer is wanted.
  private struct Asked: Sendable {
    let streams: Bool
    let mount: String
    let identity: ID
    let origin: String?
    let exchange: Exchange
    let arrived: Instant
  }

  private func answer(_ asked: Asked, with turn: LiveTurn) {
    if asked.streams { return accept(asked, turn.facts, epoch: turn.epoch) }
    let exchange = asked.exchange
    let ask = Ask(form: .classic, origin: asked.origin)
    let hold = max(1, Self.classicHold - Instant.now().milliseconds(since: asked.arrived))
    exchange.loop.submit { parkings.of(exchange).answer(exchange, of: turn, ask: ask, hold: hold) }
  }

  private func accept(_ asked: Asked, _ facts: LiveTurn.Facts, epoch: Int) {
    var writer = JSONWriter(capacity: 1_024)
    writer.beginObject()
    pass(asked, facts, epoch: epoch).write(to: &writer, keys: gate.keys)
    writer.endObject()
    asked.exchange.reply(
      Response(status: 202, headers: CrossOrigin.headers(for: asked.origin), body: writer.bytes))
  }

  private func pass(_ asked: Asked, _ facts: LiveTurn.Facts, epoch: Int) -> TurnPass {
    TurnPass(
      turn: facts.id, conversation: facts.conversation, identity: asked.identity, epoch: epoch,
      mount: asked.mount)
  }

  /// A repeated key: the same turn, in the form this request asks for.
  private func attach(_ asked: Asked, to id: ID) async throws(Refusal) {
    if let turn = registry.find(id) { return answer(asked, with: turn) }
    switch try await finder.find(id, for: .identity(asked.identity, surface: id)) {
    case .live(let turn):
      answer(asked, with: turn)
    case .ended(let facts, let row, let terminal):
      if asked.streams { return accept(asked, facts, epoch: row.epoch) }
      let text = try await finder.answer(id) ?? []
      asked.exchange.reply(.classic(facts, terminal: terminal, text: text, origin: asked.origin))
    }
  }

  private func refuse(_ asked: Asked, busyWith id: ID) async throws(Refusal) {
    let facts: LiveTurn.Facts
    let epoch: Int
    if let turn = registry.find(id) {
      (facts, epoch) = (turn.facts, turn.epoch)
    } else {
      switch try await finder.find(id, for: .identity(asked.identity, surface: id)) {
      case .live(let turn): (facts, epoch) = (turn.facts, turn.epoch)
      case .ended: throw .overloaded
      }
    }
    let pass = pass(asked, facts, epoch: epoch)
    let keys = gate.keys
    throw Refusal(
      409, "turn_in_progress", "This conversation has a turn that is still running.", retryable: true
    ) { writer in
      pass.write(to: &writer, keys: keys)
    }
  }
}
