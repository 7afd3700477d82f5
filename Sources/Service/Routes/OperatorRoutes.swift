import FrontDoor
import Store
import Wire

/// For operators, on a listener of their own: `/healthz` (the process answers), `/readyz` (it takes turns), `/metrics`,
/// `/status`.
struct OperatorRoutes: Sendable {
  let telemetry: Telemetry
  let nodes: NodeStore

  var routes: [Route] {
    [
      Route(.get, "/healthz") { _, _, exchange in exchange.reply(Self.answer(200, "ok")) },
      Route(.get, "/readyz") { _, _, exchange in exchange.reply(ready()) },
      MetricsRoute(telemetry: telemetry).route,
      StatusRoute(telemetry: telemetry, nodes: nodes).route,
    ]
  }

  private func ready() -> Response {
    if let hindrance = telemetry.hindrance { return Self.answer(503, hindrance) }
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
