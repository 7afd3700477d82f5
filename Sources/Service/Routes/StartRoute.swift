import Chat
import EventLoop
import FrontDoor
import Store

/// `POST /chat/start`: one round trip to PostgreSQL, then the turn is on its way.
struct StartRoute: Sendable {
  let gate: Gate
  let node: Node
  let starts: Starts

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
    let key = try request.checkedIdempotencyKey()
    let start = StartStore.Start(
      incarnation: node.incarnation, identity: identity, surface: surface, model: body.model,
      conversation: body.conversation ?? ID.fresh(), isNewConversation: body.conversation == nil,
      after: body.after, turn: ID.fresh(tag: node.tag), userMessage: ID.fresh(),
      assistantMessage: ID.fresh(later: 1),
      parts: body.parts, estimatedTokens: body.estimatedTokens, metadata: body.metadata,
      key: key.map { ($0, body.hash) })
    let asked = Starts.Asked(
      form: Self.form(of: request, body), mount: request.mount, identity: identity, origin: origin,
      exchange: exchange, arrived: arrived, isPerson: gate.isPerson(request))
    try await starts.begin(start, asked)
  }

  /// Who accepts a stream of events gets it, whatever else was declared; who declared nothing gets the whole answer.
  private static func form(of request: Request, _ body: StartRequest) -> Starts.Form {
    switch StreamKind(accepted: request.accept) {
    case .events: .stream { EventStreamForm(receipt: $0.json) }
    case .lines: .stream { JSONLinesForm(receipt: $0.json) }
    case nil: body.streams ? .receipt : .whole(ClassicForm())
    }
  }
}
