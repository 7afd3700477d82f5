import Chat
import EventLoop
import Testing

@testable import Service
@testable import Store

/// Which route a turn takes.
@Suite struct RouteBookTests {
  private let now = Instant(nanoseconds: 1_000_000_000_000)

  private static func route(_ number: UInt64, priority: Int = 1, weight: Int = 1, limit: Int? = nil) -> StartStore.Route
  {
    StartStore.Route(
      id: ID(high: 0, low: number), priority: priority, weight: weight, driver: "openai", providerModel: "m",
      region: nil, overrides: "{}", headers: "{}", query: "{}", httpVersion: 1, concurrencyLimit: limit,
      connectTimeout: 1, firstByteTimeout: 1, firstTokenTimeout: 1, idleTimeout: 1, totalTimeout: nil, credential: nil)
  }

  private func visit(_ book: RouteBook, _ routes: [StartStore.Route], except tried: Set<ID> = []) -> RouteBook.Visit? {
    guard case .route(let visit) = book.choose(from: routes, except: tried, at: now) else { return nil }
    return visit
  }

  private func take(_ book: RouteBook, _ routes: [StartStore.Route], except tried: Set<ID> = []) -> UInt64? {
    visit(book, routes, except: tried)?.route.id.low
  }

  private func counts(_ book: RouteBook, _ routes: [StartStore.Route], turns: Int) -> [UInt64: Int] {
    var counts: [UInt64: Int] = [:]
    for _ in 0..<turns {
      guard let visit = visit(book, routes) else { continue }
      counts[visit.route.id.low, default: 0] += 1
      book.left(visit)
    }
    return counts
  }

  @Test func turnsAreSharedByWeightWithinFivePercent() {
    let routes = [Self.route(1, weight: 5), Self.route(2, weight: 3), Self.route(3, weight: 2)]
    let counts = counts(RouteBook(), routes, turns: 1_000)
    #expect(counts == [1: 500, 2: 300, 3: 200])
  }

  @Test func theLeastPriorityNumberServesUntilItCannot() {
    let routes = [Self.route(1), Self.route(2, priority: 2, weight: 100)]
    let book = RouteBook()
    #expect(counts(book, routes, turns: 10) == [1: 10])
    #expect(take(book, routes, except: [routes[0].id]) == 2)
    let failing = (0..<RouteHealth.patience).compactMap { _ in visit(book, routes) }
    for visit in failing {
      book.failed(visit, "x", retryAfter: nil, at: now)
      book.left(visit)
    }
    #expect(counts(book, routes, turns: 10) == [2: 10])
  }

  @Test func aRouteThatAsksForPauseIsLeftOutUntilThen() throws {
    let routes = [Self.route(1), Self.route(2)]
    let book = RouteBook()
    let first = try #require(visit(book, routes))
    #expect(first.route.id.low == 1)
    book.failed(first, "upstream_rate_limited", retryAfter: 3_000, at: now)
    book.left(first)
    #expect(counts(book, routes, turns: 6) == [2: 6])
    // When all are left out, the one whose pause ends first is better than none.
    #expect(take(book, [routes[0]]) == 1)
  }

  @Test func aFullRouteIsPassedOver() {
    let routes = [Self.route(1, limit: 2), Self.route(2, priority: 2, limit: 1)]
    let book = RouteBook()
    let visits = (0..<3).compactMap { _ in visit(book, routes) }
    #expect(visits.map(\.route.id.low) == [1, 1, 2])
    guard case .full = book.choose(from: routes, except: [], at: now) else {
      Issue.record("not full")
      return
    }
    book.left(visits[0])
    #expect(take(book, routes) == 1)
    guard case .none = book.choose(from: routes, except: [routes[0].id, routes[1].id], at: now) else {
      Issue.record("a route that was tried")
      return
    }
  }

  @Test func aSlowRouteLosesShare() throws {
    let routes = [Self.route(1), Self.route(2)]
    let book = RouteBook()
    let fast = try #require(visit(book, routes))
    let slow = try #require(visit(book, routes))
    #expect([fast.route.id.low, slow.route.id.low] == [1, 2])
    book.succeeded(fast, after: 200)
    book.succeeded(slow, after: 320)
    #expect(counts(book, routes, turns: 100) == [1: 50, 2: 50])
    for _ in 0..<50 { book.succeeded(slow, after: 1_600) }
    let quarter = counts(book, routes, turns: 100)
    #expect((78...82).contains(quarter[1] ?? 0), "a quarter of its weight: \(quarter)")
    for _ in 0..<50 { book.succeeded(slow, after: 60_000) }
    #expect((9...11).contains(counts(book, routes, turns: 110)[2] ?? 0), "never less than a tenth")
  }

  @Test func whatChangedIsReportedOnce() {
    let routes = [Self.route(1), Self.route(2)]
    let book = RouteBook()
    #expect(book.takeChanges().isEmpty)
    #expect(take(book, [routes[0]]) == 1)
    #expect(book.takeChanges().keys.map(\.low) == [1])
    #expect(book.takeChanges().isEmpty)
    book.putBack([routes[0].id])
    #expect(book.takeChanges().keys.map(\.low) == [1])
    book.putAllBack()
    #expect(book.takeChanges().keys.map(\.low) == [1])
  }
}

/// When a route is left out, and when it serves again.
@Suite struct RouteHealthTests {
  private let start = Instant(nanoseconds: 1_000_000_000_000)

  private func after(_ milliseconds: Int) -> Instant { start.advanced(milliseconds: milliseconds) }

  private func broken() -> RouteHealth {
    var health = RouteHealth()
    for _ in 0..<RouteHealth.patience { health.failed("x", retryAfter: nil, isProbe: false, at: start, jitter: 0.5) }
    return health
  }

  @Test func failuresInARowOpenItAndASuccessfulProbeClosesIt() {
    var health = RouteHealth()
    for _ in 1..<RouteHealth.patience { health.failed("x", retryAfter: nil, isProbe: false, at: start, jitter: 0.5) }
    #expect(health.state == .closed && health.mayServe(at: start))
    health.failed("upstream_error", retryAfter: nil, isProbe: false, at: start, jitter: 0.5)
    #expect(health.state == .open && health.lastError == "upstream_error" && health.failures == RouteHealth.patience)
    #expect(!health.mayServe(at: after(RouteHealth.firstPause - 1)))
    #expect(health.mayServe(at: after(RouteHealth.firstPause)))
    let begins1 = health.began()
    #expect(begins1)
    #expect(health.state == .probing && !health.mayServe(at: after(RouteHealth.firstPause)), "one probe at a time")
    health.succeeded(after: 100, began: after(RouteHealth.firstPause), isProbe: true)
    #expect(health.state == .closed && health.failures == 0 && health.retryAt == nil && health.mayServe(at: start))
  }

  @Test func aSuccessBetweenFailuresCountsAnew() {
    var health = RouteHealth()
    for _ in 0..<20 {
      for _ in 1..<RouteHealth.patience { health.failed("x", retryAfter: nil, isProbe: false, at: start, jitter: 0) }
      health.succeeded(after: 1, began: start, isProbe: false)
    }
    #expect(health.state == .closed)
  }

  @Test func eachFailedProbeDoublesThePause() {
    var health = broken()
    var now = start
    for doubling in 1...8 {
      now = now.advanced(milliseconds: RouteHealth.longestPause * 2)
      #expect(health.mayServe(at: now))
      let begins2 = health.began()
      #expect(begins2)
      health.failed("x", retryAfter: nil, isProbe: true, at: now, jitter: 0.5)
      let pause = min(RouteHealth.firstPause << doubling, RouteHealth.longestPause)
      #expect(health.state == .open)
      #expect(!health.mayServe(at: now.advanced(milliseconds: pause - 1)))
      #expect(health.mayServe(at: now.advanced(milliseconds: pause)))
    }
  }

  @Test func aProbeThatTellsNothingMakesRoomForAnother() {
    var health = broken()
    let begins3 = health.began()
    #expect(begins3)
    health.probeEnded()
    #expect(health.state == .open && health.mayServe(at: after(RouteHealth.longestPause)))
    let begins4 = health.began()
    #expect(begins4)
    health.succeeded(after: 1, began: after(RouteHealth.longestPause), isProbe: true)
    health.probeEnded()
    #expect(health.state == .closed)
  }

  /// Many turns that are under way fail at once: that is one failure of the route.
  @Test func aBurstOfFailuresIsOnePause() {
    var health = RouteHealth()
    for _ in 0..<100 { health.failed("x", retryAfter: nil, isProbe: false, at: start, jitter: 0.5) }
    #expect(health.state == .open && health.mayServe(at: after(RouteHealth.firstPause)))
  }

  @Test func whatBeganBeforeAFailureSaysNothingAgainstIt() {
    var health = RouteHealth()
    health.failed("upstream_rate_limited", retryAfter: 30_000, isProbe: false, at: after(100), jitter: 0)
    health.succeeded(after: 50, began: after(60), isProbe: false)
    #expect(!health.mayServe(at: after(200)) && health.failures == 1 && health.latency == 50)
    health.succeeded(after: 50, began: after(150), isProbe: false)
    #expect(health.mayServe(at: after(200)) && health.failures == 0)
    health = broken()
    health.succeeded(after: 50, began: Instant(nanoseconds: start.nanoseconds - 1), isProbe: false)
    #expect(health.state == .open)
  }

  @Test func aPauseThatWasAskedForIsKeptAndBounded() {
    var health = RouteHealth()
    health.failed("upstream_rate_limited", retryAfter: 500, isProbe: false, at: start, jitter: 0)
    #expect(health.state == .closed && !health.mayServe(at: after(499)) && health.mayServe(at: after(500)))
    health.failed("upstream_rate_limited", retryAfter: 86_400_000, isProbe: false, at: start, jitter: 0)
    #expect(health.mayServe(at: after(RouteHealth.longestPause)))
  }
}
