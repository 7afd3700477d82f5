import FrontDoor
import Store

/// `POST /chat/start`: one round trip to PostgreSQL, then the turn is on its way.
struct StartRoute: Sendable {
  let gate: Gate
  let starts: Starts

  func handle(_ request: Request, _ exchange: Exchange) {
    starts.serve(request, exchange, refusal: gate.response(to:refusing:)) { request throws(Refusal) in
      let body = try StartRequest(request.body)
      return Starts.Order(
        model: body.model, conversation: body.conversation, after: body.after, parts: body.parts,
        estimatedTokens: body.estimatedTokens, metadata: body.metadata, hash: body.hash,
        form: Self.form(of: request, body), needs: Self.needs(of: request, body))
    }
  }

  /// Who accepts a stream of events gets it, whatever else was declared; who declared nothing gets the whole answer.
  private static func form(of request: Request, _ body: StartRequest) -> Starts.Form {
    switch StreamKind(accepted: request.accept) {
    case .events: .stream { EventStreamForm(receipt: $0.json) }
    case .lines: .stream { JSONLinesForm(receipt: $0.json) }
    case nil: body.modes.isEmpty ? .whole(ClassicForm()) : .receipt
    }
  }

  /// Who declared several modes is content with either.
  private static func needs(of request: Request, _ body: StartRequest) -> [Capabilities] {
    let reading: Capabilities =
      StreamKind(accepted: request.accept) != nil ? .sse : body.modes.isEmpty ? .classic : body.modes
    return body.hasImages ? [reading, .images] : [reading]
  }
}
