import Chat
import EventLoop
import Providers
import Store
import Synchronization
import Upstream

/// The way of one turn to an answer: route after route until one gives text, or none is left. Once a client can have
/// seen content nothing else is tried.
///
/// Attempts follow one another: each begins when the former is over, so only one of them is ever at work.
final class TurnCourse: TimerHandler, Sendable {
  /// What all turns share.
  struct Means: Sendable {
    let upstream: UpstreamPool
    let routes: RouteBook
    let vault: @Sendable () -> CredentialVault
    /// Where waiting is done.
    let loop: EventLoop
    let meters: Meters
  }

  /// Attempts of one turn, at most.
  private static let mostAttempts = 8
  /// Milliseconds of the first wait for a provider, at least.
  private static let leastPause = 500
  /// Milliseconds until a place is looked for again, where all are taken.
  private static let pause = 250

  private struct State {
    var tried: Set<ID> = []
    var attempts = 0
    /// Milliseconds.
    var waited = 0
    /// For providers, how often.
    var waits = 0
    /// Since the last attempt.
    var hasWaited = false
    /// Routes whose provider said when to ask again.
    var later: [ID: Instant] = [:]
    var last: AttemptFailure?
    /// Of the next attempt, if it was reserved before.
    var place: Place?
    /// Itself, while it waits: nothing else holds it then, and a timer does not.
    var waiting: TurnCourse?
  }

  let turn: LiveTurn
  let plan: StartStore.Plan
  let request: TurnRequest
  private let means: Means
  private let log: UpstreamLog
  private let state: Mutex<State>

  init(
    _ turn: LiveTurn, plan: StartStore.Plan, request: TurnRequest, place: Place, means: Means, log: UpstreamLog
  ) {
    self.turn = turn
    self.plan = plan
    self.request = request
    self.means = means
    self.log = log
    state = Mutex(State(place: place))
  }

  /// Takes the next route that can be asked. Ends the turn if there is none.
  func advance() {
    while turn.isStreaming {
      let now = Instant.now()
      let (tried, attempts) = state.withLock { ($0.tried, $0.attempts) }
      let choice =
        attempts < Self.mostAttempts ? means.routes.choose(from: plan.routes, except: tried, at: now) : .none
      switch choice {
      case .route(let visit):
        switch ask(visit) {
        case .begun: return
        case .failed: continue
        case .full: if waitForPlace() { return }
        }
        return endAsLast()
      case .full:
        means.meters.hit(.routeConcurrency)
        if waitForPlace() { return }
        return endAsLast()
      case .none:
        if attempts >= Self.mostAttempts {
          means.meters.hit(.turnAttempts)
        } else if waitAsAsked(at: now) {
          return
        }
        return endAsLast()
      }
    }
  }

  /// A route was asked and has failed before it gave content. `shown`: a client may have seen some, so the turn ends.
  func failed(_ visit: RouteBook.Visit, attempt: Int, _ failure: AttemptFailure, shown: Bool) {
    note(failure, of: visit)
    if shown || !failure.triesElsewhere { return end(failure) }
    turn.transfer.drop(attempt: attempt)
    _ = turn.mutate {
      $0.forgetReports()
      return []
    }
    goOn()
  }

  /// What comes next may read files and sign: not on a loop.
  private func goOn() { Task { [self] in advance() } }

  /// The attempt is over in every respect: its place is free.
  func left(_ visit: RouteBook.Visit) { means.routes.left(visit) }

  /// The first text of the attempt has come.
  func textCame(on visit: RouteBook.Visit) {
    means.routes.succeeded(visit, after: turn.record.textCame())
  }

  // MARK: one attempt

  private enum Asking {
    case begun
    /// The route cannot even be asked: another is to be tried.
    case failed
    /// The node has no place for the request.
    case full
  }

  private func ask(_ visit: RouteBook.Visit) -> Asking {
    let route = visit.route
    let (attempt, place, isElsewhere) = state.withLock { state in
      state.tried.insert(route.id)
      state.attempts += 1
      defer {
        state.place = nil
        state.hasWaited = false
      }
      return (state.attempts, state.place, state.attempts > 1 && !state.hasWaited)
    }
    do throws(ProviderError) {
      guard let driver = ProviderRegistry.driver(named: route.driver) else {
        throw ProviderError(.misconfigured, cause: "no driver is called \(route.driver)")
      }
      let call = try call(on: route, driver)
      if let text = driver.ownAnswer(to: call) {
        turn.record.begins(route.id)
        OwnAnswer(text, of: self, on: visit, streaming: plan.streams, loop: means.loop).begin()
        return .begun
      }
      let request = try driver.wholeRequest(for: call, at: Self.unixSeconds())
      guard let place = place ?? means.upstream.reserve(host: UpstreamRequest.host(of: request.url)) else {
        state.withLock { state in
          state.tried.remove(route.id)
          state.attempts -= 1
        }
        means.routes.left(visit)
        return .full
      }
      if isElsewhere { means.meters.retries.add(.elsewhere, in: means.meters.lane) }
      turn.record.begins(route.id)
      start(request, on: visit, driver, attempt: attempt, in: place)
      return .begun
    } catch {
      log.asking(route).cannotAsk(error)
      turn.record.begins(route.id)
      note(AttemptFailure(error), of: visit)
      means.routes.left(visit)
      return .failed
    }
  }

  private func start(
    _ request: ProviderRequest, on visit: RouteBook.Visit, _ driver: any ProviderDriver, attempt: Int, in place: Place
  ) {
    let route = visit.route
    let runner = TurnRunner(
      course: self, visit: visit, driver: driver, attempt: attempt, log: log.asking(route, at: request.url),
      meters: means.meters)
    let transfer = means.upstream.start(
      UpstreamRequest(
        url: request.url, headers: request.headers, body: request.body,
        limits: UpstreamRequest.Limits(
          connect: route.connectTimeout, firstByte: route.firstByteTimeout,
          // An answer in one piece has no first token: the time to its first byte is what it takes.
          firstToken: plan.streams ? route.firstTokenTimeout : Self.noLimit,
          idle: route.idleTimeout, total: route.totalTimeout),
        tls: Self.tls(of: route), version: route.httpVersion == 2 ? .http2 : .http1),
      in: place, sink: runner)
    turn.transfer.attach(transfer, attempt: attempt)
  }

  private func call(on route: StartStore.Route, _ driver: any ProviderDriver) throws(ProviderError) -> ProviderCall {
    var secret: String?
    if let credential = route.credential, let kept = credential.secret {
      do { secret = try means.vault().secret(kept, of: credential.id.description) } catch {
        throw ProviderError(.misconfigured, cause: error.description)
      }
    }
    let endpoint = try driver.endpoint(region: route.region, managedDomain: route.credential?.managedDomain)
    return ProviderCall(
      route: ProviderRoute(
        endpoint: endpoint, model: route.providerModel, credential: secret,
        overrides: try ProviderOverrides(body: route.overrides, headers: route.headers, query: route.query)),
      systemPrompt: plan.systemPrompt, prefixPrompt: plan.prefixPrompt, messages: request.messages,
      parameters: request.parameters, tools: request.tools, showsReasoning: plan.reasoning != "hidden",
      streaming: plan.streams)
  }

  private static let noLimit = 86_400_000

  private static func unixSeconds() -> Int { Int(Instant.wall().nanoseconds / 1_000_000_000) }

  /// Nil where the route's credential says nothing of TLS.
  private static func tls(of route: StartStore.Route) -> UpstreamTLS? {
    guard let credential = route.credential else { return nil }
    let pair = credential.clientCertificate
    if credential.caBundle == nil, pair == nil { return nil }
    return UpstreamTLS(caBundle: credential.caBundle, certificate: pair?.certificate, key: pair?.key)
  }

  // MARK: failures

  private func note(_ failure: AttemptFailure, of visit: RouteBook.Visit) {
    let now = Instant.now()
    turn.record.failed(failure)
    if failure.blamesRoute {
      means.routes.failed(visit, failure.error.code, retryAfter: failure.retryAfter, at: now)
    }
    state.withLock { state in
      state.last = failure
      state.later[visit.route.id] = failure.retryAfter.map { now.advanced(milliseconds: $0) }
    }
  }

  private func end(_ failure: AttemptFailure) { turn.input { $0.upstreamFailed(failure.error) } }

  private func endAsLast() { end(state.withLock { $0.last } ?? .full) }

  private func waitForPlace() -> Bool { wait(Self.pause, for: []) }

  /// Waits for the provider that wants to be asked again first. False if that is beyond the budget, or none does.
  private func waitAsAsked(at now: Instant) -> Bool {
    guard let (route, time) = state.withLock({ $0.later.min { $0.value < $1.value } }) else { return false }
    // Longer each time, even where the provider says the same again.
    let waits = state.withLock { state in
      defer { state.waits += 1 }
      return state.waits
    }
    let pause = max(time.milliseconds(since: now), Self.leastPause << min(waits, 10))
    // Who was refused with us was told the same moment.
    return wait(pause + Int.random(in: 0...max(50, pause / 4)), for: [route])
  }

  private func wait(_ milliseconds: Int, for routes: [ID]) -> Bool {
    let waits = state.withLock { state in
      guard state.waited + milliseconds <= plan.retryBudget else { return false }
      state.waited += milliseconds
      state.hasWaited = true
      state.tried.subtract(routes)
      for route in routes { state.later[route] = nil }
      state.waiting = self
      return true
    }
    guard waits else {
      // Who has none does not wait: that is no bound.
      if plan.retryBudget > 0 { means.meters.hit(.retryBudget) }
      return false
    }
    means.meters.retries.add(.waited, in: means.meters.lane)
    let time = Instant.now().advanced(milliseconds: milliseconds)
    means.loop.execute { [self] in _ = means.loop.schedule(at: time, handler: self, token: 0) }
    return true
  }

  func timerFired(_ token: Int) {
    // First: what goes on may wait again at once.
    state.withLock { $0.waiting = nil }
    goOn()
  }
}
