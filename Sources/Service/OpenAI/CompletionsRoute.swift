import FrontDoor
import Store

/// `POST /v1/chat/completions`: OpenAI's way to ask. The request brings its own history, and each one is the only turn of
/// a new conversation.
struct CompletionsRoute: Sendable {
  let gate: Gate
  let starts: Starts

  func handle(_ request: Request, _ exchange: Exchange) {
    starts.serve(request, exchange, refusal: gate.openAIResponse(to:refusing:)) { request throws(Refusal) in
      let body = try CompletionRequest(request.body)
      return Starts.Order(
        model: body.model, parts: body.parts, estimatedTokens: body.estimatedTokens, metadata: body.metadata,
        brought: body.brought, hash: body.hash, form: Self.form(of: body, hasKey: request.idempotencyKey != nil),
        needs: Self.needs(of: body.brought))
    }
  }

  /// Whole or as a stream: its clients know no other way to read.
  private static func needs(of brought: BroughtRequest) -> [Capabilities] {
    var needs: [Capabilities] = [.openai]
    if brought.offersTools { needs.append(.tools) }
    if brought.hasImages { needs.append(.images) }
    return needs
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
