import FrontDoor
import Store

/// `GET /status`: text for people; JSON for `?format=json` or `Accept: application/json`.
struct StatusRoute: Sendable {
  let telemetry: Telemetry
  let nodes: NodeStore

  /// How long PostgreSQL may take to say which nodes there are; without it the page goes without them.
  private static let patience = Duration.seconds(1)

  var route: Route {
    Route(.get, "/status") { request, _, exchange in
      let wantsJSON = request.queryValue("format") == "json" || request.accept?.contains("application/json") == true
      let answer: @Sendable ([NodeStore.Listed]?) -> Void = { nodes in
        exchange.reply(Self.response(StatusPage(telemetry, nodes: nodes), json: wantsJSON))
      }
      // Whichever comes first: later replies to an exchange are dropped.
      nodes.list { result in answer(try? result.get()) }
      Task {
        try await Task.sleep(for: Self.patience)
        answer(nil)
      }
    }
  }

  private static func response(_ page: StatusPage, json: Bool) -> Response {
    if json { return Response(.ok, body: page.json) }
    return Response(status: 200, contentType: "text/plain; charset=utf-8", body: page.text)
  }
}
