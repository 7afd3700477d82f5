import Chat
import EventLoop
import Logging
import Providers
import Store
import Upstream

/// Opens a turn that the database has taken: registry, then the first route.
struct TurnStarter: Sendable {
  let registry: Registry
  let neighbours: LiveTurn.Neighbours
  let means: TurnCourse.Means
  let hosts = HostMemory()
  let log: Logger

  /// A place for the turn's request to its provider, before the turn is written. Nil: there are as many as may be.
  func reserve(model: String?, surface: ID) -> Place? {
    let host = hosts.host(of: model, surface: surface)
    if let place = means.upstream.reserve(host: host) { return place }
    guard host != nil, hosts.takeProbe(of: model, surface: surface) else { return nil }
    return means.upstream.reserve()
  }

  /// The turn is in the registry and its transfer under way, in `epoch` if it is begun anew; what cannot be asked of the
  /// provider ends it in `error`. `brought`: as `TurnRequest` takes it.
  func begin(
    _ facts: LiveTurn.Facts, model: String?, plan: StartStore.Plan, history: [StartStore.Message],
    brought: [UInt8]? = nil, incarnation: ID, in place: Place, epoch: Int = 1
  ) -> LiveTurn {
    var facts = facts
    facts.abandonAfter = plan.abandonAfter
    let turn = LiveTurn(
      facts, source: .owned(Turn(epoch: epoch, durability: plan.durability, chunking: plan.chunking)),
      neighbours: neighbours)
    if let mirror = registry.add(owned: turn) { mirror.drop() }
    if neighbours.node.incarnation != incarnation {
      // Voided since the turn was taken: whoever dropped the others did not see this one yet.
      turn.input { $0.lose() }
      return turn
    }
    let log = UpstreamLog(log, turn: facts.id, plan: plan)
    do throws(ProviderError) {
      hosts.note(Self.host(of: plan), of: model, surface: facts.surface)
      let request = try TurnRequest(plan: plan, history: history, brought: brought)
      let course = TurnCourse(turn, plan: plan, request: request, place: place, means: means, log: log)
      ask(course, in: turn, request.estimatedTokens(with: plan), reserved: plan.tokens)
    } catch {
      log.cannotAsk(error)
      turn.input { $0.upstreamFailed(error.turnError) }
    }
    return turn
  }

  /// Asks the first route; a turn that sends more than is reserved for it has that reserved before.
  private func ask(_ course: TurnCourse, in turn: LiveTurn, _ input: Int, reserved: Int?) {
    let wantsMore = turn.mutate { $0.begin(input: input, reserved: reserved) }.contains(.reserve)
    guard wantsMore else { return course.advance() }
    if turn.isShortOfTokens {
      // Off the loop: what comes next may read files and sign.
      neighbours.reservations.ask(turn) { Task { course.advance() } }
    } else {
      neighbours.reservations.ask(turn)
      course.advance()
    }
  }

  /// The host that all routes of the model lead to; nil if there are several, of which any may have room.
  private static func host(of plan: StartStore.Plan) -> String? {
    var hosts: Set<String?> = []
    for route in plan.routes {
      let driver = ProviderRegistry.driver(named: route.driver)
      let endpoint = try? driver?.endpoint(region: route.region, managedDomain: route.credential?.managedDomain)
      hosts.insert(endpoint.flatMap { UpstreamRequest.host(of: $0) })
    }
    return hosts.count == 1 ? hosts.first ?? nil : nil
  }
}
