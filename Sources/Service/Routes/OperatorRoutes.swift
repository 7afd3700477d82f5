import FrontDoor
import Store
import Wire

/// For operators, on a listener of their own: `/healthz` (the process answers), `/readyz` (it takes turns).
struct OperatorRoutes: Sendable {
  let node: Node
  let database: Database
  let isDraining: @Sendable () -> Bool

  var routes: [Route] {
    [
      Route(.get, "/healthz") { _, _, exchange in exchange.reply(Self.answer(200, "ok")) },
      Route(.get, "/readyz") { _, _, exchange in exchange.reply(ready()) },
    ]
  }

  private func ready() -> Response {
    if isDraining() { return Self.answer(503, "draining") }
    if !database.isHealthy { return Self.answer(503, "no database") }
    if !node.holdsLease { return Self.answer(503, "no lease") }
    return Self.answer(200, "ready")
  }

  private static func answer(_ status: Int, _ state: String) -> Response {
    var writer = JSONWriter()
    writer.beginObject()
    writer.member("status", state)
    writer.endObject()
    return Response(status: status, body: writer.bytes)
  }
}
