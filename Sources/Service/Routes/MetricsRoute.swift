import FrontDoor

/// `GET /metrics`, for Prometheus and what reads its format.
struct MetricsRoute: Sendable {
  let telemetry: Telemetry

  var route: Route {
    Route(.get, "/metrics") { _, _, exchange in
      // Off the loop: counting the descriptors of a busy process takes milliseconds.
      Task { exchange.reply(Response(Self.head, body: MetricsPage.text(telemetry))) }
    }
  }

  private static let head = Response.Head(status: 200, contentType: Exposition.contentType)
}
