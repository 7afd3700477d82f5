import Chat
import EventLoop
import Store
import Synchronization

/// What this node knows of the routes its turns have used, and the choice among them.
final class RouteBook: Sendable {
  struct Entry {
    var health = RouteHealth()
    /// Turns on it.
    var running = 0
    /// Smooth weighted round robin: what it is owed, in weights.
    var owed = 0.0
    /// Part of its weight that it is given.
    var share = 1.0
    var isChanged = true

    fileprivate var changed: Entry {
      var entry = self
      entry.isChanged = true
      return entry
    }
  }

  /// One attempt's stay on a route.
  struct Visit: Sendable {
    let route: StartStore.Route
    let isProbe: Bool
    let began: Instant
  }

  enum Choice {
    case route(Visit)
    /// All that may be tried run as many turns as they may.
    case full
    /// None is left to try.
    case none
  }

  /// A route loses share when it takes this many times as long to its first text as the best of its priority, and at
  /// least so many milliseconds more.
  private static let slowness = 2.0
  private static let leastDelay = 250.0
  private static let leastShare = 0.1
  /// Routes remembered at once.
  private static let limit = 10_000

  private let entries = Mutex<[ID: Entry]>([:])

  /// The route for a turn's next attempt, which begins with this: of those that may serve, the least priority number,
  /// each in proportion to its weight. Routes that are left out come last: better one of them than none.
  func choose(from routes: [StartStore.Route], except tried: Set<ID>, at now: Instant) -> Choice {
    entries.withLock { entries in
      let untried = routes.filter { !tried.contains($0.id) }
      if untried.isEmpty { return .none }
      let free = untried.filter { route in
        route.concurrencyLimit.map { entries[route.id]?.running ?? 0 < $0 } ?? true
      }
      if free.isEmpty { return .full }
      let healthy = free.filter { entries[$0.id]?.health.mayServe(at: now) ?? true }
      let choice: StartStore.Route
      if let priority = healthy.map(\.priority).min() {
        choice = Self.turn(of: healthy.filter { $0.priority == priority }, in: &entries)
      } else {
        choice =
          free.min { one, other in
            (entries[one.id]?.health.retryAt ?? now) < (entries[other.id]?.health.retryAt ?? now)
          } ?? free[0]
      }
      if entries.count >= Self.limit { entries = entries.filter { $0.value.running > 0 } }
      var entry = entries[choice.id] ?? Entry()
      entry.running += 1
      entry.isChanged = true
      let isProbe = entry.health.began()
      entries[choice.id] = entry
      return .route(Visit(route: choice, isProbe: isProbe, began: now))
    }
  }

  /// Smooth weighted round robin, as nginx has it: exact over every round of the weights, and evenly mixed.
  private static func turn(of group: [StartStore.Route], in entries: inout [ID: Entry]) -> StartStore.Route {
    if group.count == 1 { return group[0] }
    let best = group.compactMap { entries[$0.id]?.health.latency }.min()
    var total = 0.0
    var choice = group[0]
    var most = -Double.infinity
    for route in group {
      var entry = entries[route.id] ?? Entry()
      let share = best.map { Self.share(of: entry.health.latency, best: $0) } ?? 1
      if share != entry.share {
        entry.share = share
        entry.isChanged = true
      }
      let weight = Double(route.weight) * share
      total += weight
      entry.owed += weight
      if entry.owed > most {
        most = entry.owed
        choice = route
      }
      entries[route.id] = entry
    }
    entries[choice.id]?.owed -= total
    return choice
  }

  private static func share(of latency: Double?, best: Double) -> Double {
    guard let latency, latency > slowness * best, latency > best + leastDelay else { return 1 }
    return max(leastShare, slowness * best / latency)
  }

  /// The attempt is over, whatever became of it.
  func left(_ visit: Visit) {
    change(visit) { entry in
      entry.running -= 1
      if visit.isProbe { entry.health.probeEnded() }
    }
  }

  /// Its first text has come.
  func succeeded(_ visit: Visit, after milliseconds: Int) {
    change(visit) { $0.health.succeeded(after: milliseconds, began: visit.began, isProbe: visit.isProbe) }
  }

  /// It failed, by the route's own fault.
  func failed(_ visit: Visit, _ code: String, retryAfter: Int?, at now: Instant) {
    let jitter = Double.random(in: 0...1)
    change(visit) {
      $0.health.failed(code, retryAfter: retryAfter, isProbe: visit.isProbe, at: now, jitter: jitter)
    }
  }

  private func change(_ visit: Visit, _ body: (inout Entry) -> Void) {
    let route = visit.route.id
    entries.withLock { entries in
      guard entries[route] != nil else { return }
      body(&entries[route]!)
      entries[route]?.isChanged = true
    }
  }

  /// Entries that have changed since they were last taken.
  func takeChanges() -> [ID: Entry] {
    entries.withLock { entries in
      let changed = entries.filter { $0.value.isChanged }
      for id in changed.keys { entries[id]?.isChanged = false }
      return changed
    }
  }

  /// Nobody knows of any of them yet: all are to be taken again.
  func putAllBack() { entries.withLock { $0 = $0.mapValues { $0.changed } } }

  /// These were not written: they are to be taken again.
  func putBack(_ ids: some Collection<ID>) {
    entries.withLock { entries in
      for id in ids { entries[id]?.isChanged = true }
    }
  }
}
