import FrontDoor
import Store
import Wire

/// `GET /v1/models` and `GET /v1/models/{name}`: the virtual models of `GET /chat/models` as OpenAI lists its own.
struct ListedModelsRoute: Sendable {
  let gate: Gate
  let budget: IdentityBudget
  let store: ModelStore

  func list(_ request: Request, _ exchange: Exchange) {
    answer(request, exchange) { (models, writer) throws(Refusal) in
      writer.beginObject()
      writer.member("object", "list")
      writer.key("data")
      writer.beginArray()
      for model in models { Self.write(model, to: &writer) }
      writer.endArray()
      writer.endObject()
    }
  }

  /// A name may hold "/".
  func read(_ request: Request, _ captured: String, _ exchange: Exchange) {
    answer(request, exchange) { (models, writer) throws(Refusal) in
      guard let model = models.first(where: { $0.name == captured }) else { throw Refusal.noModel.at("model") }
      Self.write(model, to: &writer)
    }
  }

  private func answer(
    _ request: Request, _ exchange: Exchange,
    _ body: @escaping @Sendable ([ModelStore.Model], inout JSONWriter) throws(Refusal) -> Void
  ) {
    Task {
      do throws(Refusal) {
        exchange.reply(try await response(request, body))
      } catch {
        exchange.reply(gate.openAIResponse(to: request, refusing: error))
      }
    }
  }

  private func response(
    _ request: Request, _ body: ([ModelStore.Model], inout JSONWriter) throws(Refusal) -> Void
  ) async throws(Refusal) -> Response {
    let (identity, surface) = try await gate.identity(of: request)
    let origin = try gate.origin(of: request, surface: surface)
    try gate.doorway(of: surface).require(.openai)
    try gate.spend(budget, of: identity)
    let models: [ModelStore.Model]
    do { models = try await store.list(for: identity, surface: surface) } catch { throw Refusal(error) }
    var writer = JSONWriter()
    try body(models, &writer)
    return Response(status: 200, headers: CrossOrigin.headers(for: origin), body: writer.bytes)
  }

  /// platform.openai.com/docs/api-reference/models/object
  private static func write(_ model: ModelStore.Model, to writer: inout JSONWriter) {
    writer.beginObject()
    writer.member("id", model.name)
    writer.member("object", "model")
    writer.member("created", model.createdAt)
    writer.member("owned_by", "sluice")
    writer.endObject()
  }
}
