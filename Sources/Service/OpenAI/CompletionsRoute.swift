import Chat
import EventLoop
import FrontDoor
import Providers
import Store

/// `POST /v1/chat/completions`: OpenAI's way to ask. The request brings its own history, and each one is the only turn of
/// a new conversation.
struct CompletionsRoute: Sendable {
  let gate: Gate
  let node: Node
  let starts: Starts

  func handle(_ request: Request, _ exchange: Exchange) {
    let arrived = Instant.now()
    Task {
      do throws(Refusal) {
        try await complete(request, exchange, arrived)
      } catch {
        gate.meters.starts.add(.refused, in: gate.meters.lane)
        exchange.reply(gate.openAIResponse(to: request, refusing: error))
      }
    }
  }

  private func complete(_ request: Request, _ exchange: Exchange, _ arrived: Instant) async throws(Refusal) {
    let (identity, surface) = try await gate.identity(of: request)
    let origin = try gate.origin(of: request, surface: surface)
    let body = try CompletionRequest(request.body)
    let key = try request.checkedIdempotencyKey()
    let start = StartStore.Start(
      incarnation: node.incarnation, identity: identity, surface: surface, model: body.model,
      conversation: ID.fresh(), isNewConversation: true, after: .newest, turn: ID.fresh(tag: node.tag),
      userMessage: ID.fresh(), assistantMessage: ID.fresh(later: 1), parts: body.parts,
      estimatedTokens: body.estimatedTokens, metadata: body.metadata, request: body.brought.json,
      offersTools: body.brought.speaksOfTools, key: key.map { ($0, body.hash) })
    try await starts.begin(
      start,
      Starts.Asked(
        form: Self.form(of: body, hasKey: key != nil), mount: request.mount, identity: identity, origin: origin,
        exchange: exchange, arrived: arrived,
        isPerson: gate.isPerson(request)))
  }

  private static func form(of body: CompletionRequest, hasKey: Bool) -> Starts.Form {
    guard body.streams else { return .whole(CompletionForm(model: body.model, hasKey: hasKey)) }
    return .stream { [model = body.model, includesUsage = body.includesUsage] receipt in
      CompletionStream(CompletionObject(turn: receipt.facts.id, model: model), includesUsage: includesUsage)
    }
  }
}

extension Gate {
  /// The answer that a refusal is, in OpenAI's form, counted by its code.
  func openAIResponse(to request: Request, refusing refusal: Refusal) -> Response {
    meters.refused(refusal.code)
    return OpenAIError(refusal).response(origin: origin(of: request))
  }
}
