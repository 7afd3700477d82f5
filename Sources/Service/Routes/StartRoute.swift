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
        gate.meters.starts.add(.refused, in: gate.meters.lane)
        exchange.reply(gate.response(to: request, refusing: error))
      }
    }
  }

  private func start(_ request: Request, _ exchange: Exchange, _ arrived: Instant) async throws(Refusal) {
    let (identity, surface) = try await gate.identity(of: request)
    let origin = try gate.origin(of: request, surface: surface)
    let body = try StartRequest(request.body)
    if let key = request.idempotencyKey, key.utf8.count > 255 || key.utf8.contains(0) {
      throw .malformed("Idempotency-Key is longer than 255 bytes.")
    }
    let start = StartStore.Start(
      incarnation: node.incarnation, identity: identity, surface: surface, model: body.model,
      conversation: body.conversation ?? ID.fresh(), isNewConversation: body.conversation == nil,
      after: body.after, turn: ID.fresh(tag: node.tag), userMessage: ID.fresh(),
      assistantMessage: ID.fresh(later: 1),
      parts: body.parts, estimatedTokens: body.estimatedTokens, metadata: body.metadata,
      key: request.idempotencyKey.map { ($0, body.hash) })
    let asked = Asked(
      streams: body.streams, mount: request.mount, identity: identity, origin: origin, exchange: exchange,
      arrived: arrived)
    guard registry.reserve(start.turn) else {
      gate.meters.hit(.liveTurns)
      return try await answerWithoutPlace(start, asked)
    }
    defer { registry.settle(start.turn) }
    // The pool counts by itself which of its bounds was hit.
    guard let place = starter.reserve(model: body.model, surface: surface) else {
      return try await answerWithoutPlace(start, asked)
    }
    // After the reservation: a drain that begins now waits for this start.
    if isDraining() { throw .draining }
    guard node.holdsLease else { throw .unavailable }
    switch try await take(start, asked) {
    case .started(let plan, let history):
      let facts = LiveTurn.Facts(
        id: start.turn, conversation: start.conversation, identity: identity, surface: surface,
        userMessage: start.userMessage, message: start.assistantMessage, pacer: Pacer(base: plan.pace),
        arrived: arrived, mayRestart: plan.restarts)
      gate.meters.starts.add(.started, in: gate.meters.lane)
      answer(
        asked,
        with: starter.begin(
          facts, model: body.model, plan: plan, history: history, incarnation: start.incarnation, in: place))
    case .repeated(let turn, let sameBody): try await attach(asked, to: turn, sameBody: sameBody)
    case .busy: throw .overloaded
    case .noConversation: throw .notFound
    case .noModel: throw .noModel
    case .noMessage: throw .noMessage
    case .tooLong: throw .tooLong
    case .noIdentity: throw .badToken
    case .fenced:
      node.doubt()
      throw isDraining() ? .draining : .unavailable
    }
  }

  /// Throws 409 for a conversation with a live turn. One that ended between two statements leaves the conversation free
  /// for another try.
  private func take(_ start: StartStore.Start, _ asked: Asked) async throws(Refusal) -> StartStore.Outcome {
    for _ in 0..<3 {
      let outcome: StartStore.Outcome
      do { outcome = try await store.start(start) } catch { throw Refusal(error) }
      guard case .busy(let turn) = outcome else { return outcome }
      if let turn { try await refuse(asked, busyWith: turn) }
    }
    return .busy(turn: nil)
  }

  /// The node is full: what needs no place is answered all the same.
  private func answerWithoutPlace(_ start: StartStore.Start, _ asked: Asked) async throws(Refusal) {
    let known: StartStore.Outcome?
    do { known = try await store.known(start) } catch { throw Refusal(error) }
    switch known {
    case .repeated(let turn, let sameBody): try await attach(asked, to: turn, sameBody: sameBody)
    case .busy(let turn?):
      try await refuse(asked, busyWith: turn)
      throw .overloaded
    default: throw .overloaded
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
    writer.member("user_message", facts.userMessage.description)
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
  private func attach(_ asked: Asked, to id: ID, sameBody: Bool) async throws(Refusal) {
    guard sameBody else {
      throw Refusal(422, .keyReused, "This Idempotency-Key was used with another body.")
    }
    if let turn = registry.find(id) {
      countRepetition()
      return answer(asked, with: turn)
    }
    switch try await finder.find(id, for: .identity(asked.identity, surface: id)) {
    case .live(let turn):
      countRepetition()
      answer(asked, with: turn)
    case .ended(let facts, let row, let terminal):
      let text = asked.streams ? [] : try await finder.answer(id) ?? []
      countRepetition()
      if asked.streams { return accept(asked, facts, epoch: row.epoch) }
      asked.exchange.reply(.classic(facts, terminal: terminal, text: text, origin: asked.origin))
    }
  }

  private func countRepetition() { gate.meters.starts.add(.repeated, in: gate.meters.lane) }

  /// Throws 409; returns if the turn has ended meanwhile.
  private func refuse(_ asked: Asked, busyWith id: ID) async throws(Refusal) {
    guard let pass = try await finder.pass(to: id, of: asked.identity, mount: asked.mount) else { return }
    throw .turnInProgress(pass, keys: gate.keys)
  }
}
