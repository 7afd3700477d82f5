import FrontDoor
import Store
import Wire

/// `GET /chat/models`: the virtual models that this identity can choose, without a word about what is behind them.
struct ModelsRoute: Sendable {
  let gate: Gate
  let budget: IdentityBudget
  let store: ModelStore

  func handle(_ request: Request, _ exchange: Exchange) {
    gate.reply(to: request, on: exchange) { () async throws(Refusal) in try await list(request) }
  }

  private func list(_ request: Request) async throws(Refusal) -> Response {
    let (identity, surface) = try await gate.identity(of: request)
    let origin = try gate.origin(of: request, surface: surface)
    try gate.spend(budget, of: identity)
    let models: [ModelStore.Model]
    do { models = try await store.list(for: identity, surface: surface) } catch { throw Refusal(error) }
    var writer = JSONWriter()
    writer.beginObject()
    writer.key("models")
    writer.beginArray()
    for model in models {
      writer.beginObject()
      writer.member("name", model.name)
      writer.member("title", model.title)
      writer.member("streams", model.streams)
      writer.member("default", model.isDefault)
      writer.endObject()
    }
    writer.endArray()
    writer.endObject()
    return Response(status: 200, headers: CrossOrigin.headers(for: origin), body: writer.bytes)
  }
}
