package import Chat
import SQL

/// What nodes make of routes.
package struct RouteStore: Sendable {
  private let database: Database

  package init(_ database: Database) { self.database = database }

  /// How a route stands with one node.
  package struct Health: Sendable {
    package let route: ID
    /// closed, open or probing.
    package let state: String
    package let failures: Int
    /// Milliseconds to the first text; nil if none has come.
    package let latency: Int?
    /// 0 to 1.
    package let share: Double
    package let running: Int
    package let lastError: String?
    /// Milliseconds until it may be used again; nil if it may.
    package let pause: Int?

    package init(
      route: ID, state: String, failures: Int, latency: Int?, share: Double, running: Int, lastError: String?,
      pause: Int?
    ) {
      self.route = route
      self.state = state
      self.failures = failures
      self.latency = latency
      self.share = share
      self.running = running
      self.lastError = lastError
      self.pause = pause
    }
  }

  package func write(
    _ routes: [Health], of incarnation: ID, completion: @escaping @Sendable (Result<Void, StoreError>) -> Void
  ) {
    func numbers(_ value: (Health) -> Int) -> Parameter {
      .int4Array(routes.map { Int32(clamping: value($0)) })
    }
    func texts(_ value: (Health) -> String) -> Parameter { .textArray(routes.map { Array(value($0).utf8) }) }
    database.submit([
      Query(
        .routeHealthWrite, .id(incarnation), .ids(routes.map(\.route)), texts(\.state), numbers(\.failures),
        numbers { $0.latency ?? -1 }, numbers { Int(($0.share * 1_000).rounded()) }, numbers(\.running),
        texts { $0.lastError ?? "" }, numbers { $0.pause ?? -1 })
    ]) { result in completion(result.map { _ in }) }
  }
}
