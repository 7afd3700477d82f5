import Chat
import EventLoop
import Store

/// Writes how routes stand with this node, so that operators see it. At most so many at a time; the rest comes next.
struct RouteReport: Sendable {
  private static let mostRoutes = 1_000

  let book: RouteBook
  let store: RouteStore
  let node: Node
  let failures: DatabaseLog

  var errand: Errand {
    let known = Shared<ID?>(nil)
    return Errand { done in
      guard node.holdsLease else { return done() }
      if known.value != node.incarnation {
        // Voided since: what was written went with the old row.
        known.value = node.incarnation
        book.putAllBack()
      }
      let now = Instant.now()
      let changes = book.takeChanges()
      let taken = changes.prefix(Self.mostRoutes)
      book.putBack(changes.dropFirst(Self.mostRoutes).map(\.key))
      if taken.isEmpty { return done() }
      let routes = taken.map { route, entry in
        RouteStore.Health(
          route: route, state: entry.health.state.rawValue, failures: entry.health.failures,
          latency: entry.health.latency.map { Int($0.rounded()) }, share: entry.share, running: entry.running,
          lastError: entry.health.lastError,
          pause: entry.health.retryAt.flatMap { now < $0 ? $0.milliseconds(since: now) : nil })
      }
      store.write(routes, of: node.incarnation) { result in
        if case .failure(let error) = result {
          book.putBack(routes.map(\.route))
          failures.failed("standing of routes not written", error)
        }
        done()
      }
    }
  }
}
