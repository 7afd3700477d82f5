import Chat
import EventLoop
import Logging
import Providers
import Store
import Upstream

/// Opens a turn that the database has taken: registry, driver, upstream.
struct TurnStarter: Sendable {
  let registry: Registry
  let neighbours: LiveTurn.Neighbours
  let upstream: UpstreamPool
  let hosts = HostMemory()
  let log: Logger

  /// A place for the turn's request to its provider, before the turn is written. Nil: there are as many as may be.
  func reserve(model: String?, surface: ID) -> Place? {
    let host = hosts.host(of: model, surface: surface)
    if let place = upstream.reserve(host: host) { return place }
    guard host != nil, hosts.takeProbe(of: model, surface: surface) else { return nil }
    return upstream.reserve()
  }

  /// The turn is in the registry and its transfer under way; what cannot be asked of the provider ends it in `error`.
  func begin(
    _ facts: LiveTurn.Facts, model: String?, plan: StartStore.Plan, history: [StartStore.Message], incarnation: ID,
    in place: Place
  ) -> LiveTurn {
    let turn = LiveTurn(facts, source: .owned(Turn(durability: plan.durability)), neighbours: neighbours)
    registry.add(owned: turn)
    if neighbours.node.incarnation != incarnation {
      // Voided since the turn was taken: whoever dropped the others did not see this one yet.
      turn.input { $0.lose() }
      return turn
    }
    var log = UpstreamLog(log, turn: facts.id, plan: plan)
    do throws(ProviderError) {
      try ask(turn, model, plan, history, place, &log)
    } catch {
      log.cannotAsk(error)
      turn.input { $0.upstreamFailed(error.turnError) }
    }
    return turn
  }

  private func ask(
    _ turn: LiveTurn, _ model: String?, _ plan: StartStore.Plan, _ history: [StartStore.Message], _ place: Place,
    _ log: inout UpstreamLog
  ) throws(ProviderError) {
    guard let driver = ProviderRegistry.driver(named: plan.driver) else {
      throw ProviderError(.misconfigured, cause: "no driver is called \(plan.driver)")
    }
    var secret: String?
    if let reference = plan.credential {
      secret = CredentialSource.secret(of: reference)
      if secret == nil { throw ProviderError(.misconfigured, cause: "credential \(reference) is not there") }
    }
    let endpoint = try ProviderEndpoint.resolve(
      region: plan.region, managedDomain: plan.managedDomain, fallback: type(of: driver).defaultEndpoint)
    let call = ProviderCall(
      route: ProviderRoute(
        endpoint: endpoint, model: plan.providerModel, credential: secret, overrides: plan.overrides),
      systemPrompt: plan.systemPrompt, messages: try Self.messages(history),
      parameters: try ProviderParameters(json: plan.parameters), streaming: plan.streams)
    let request = try driver.request(for: call)
    let host = UpstreamRequest.host(of: request.url)
    log.host = host
    let runner = TurnRunner(
      turn: turn, driver: driver, streaming: plan.streams,
      reasoning: TurnRunner.Reasoning(rawValue: plan.reasoning) ?? .hidden, log: log,
      meters: neighbours.meters)
    hosts.note(host, of: model, surface: turn.facts.surface)
    let transfer = upstream.start(
      UpstreamRequest(
        url: request.url, headers: request.headers, body: request.body,
        limits: UpstreamRequest.Limits(
          connect: plan.connectTimeout, firstByte: plan.firstByteTimeout,
          firstToken: plan.streams ? plan.firstTokenTimeout : Self.noLimit,
          idle: plan.idleTimeout, total: plan.totalTimeout),
        tls: Self.tls(of: plan)),
      in: place, sink: runner)
    turn.attach(transfer)
  }

  /// An answer in one piece has no first token: the time to its first byte is what it takes.
  private static let noLimit = 86_400_000

  /// Nil where the route's credential says nothing of TLS.
  private static func tls(of plan: StartStore.Plan) -> UpstreamTLS? {
    if plan.caBundle == nil, plan.clientCertificate == nil { return nil }
    return UpstreamTLS(
      caBundle: plan.caBundle, certificate: plan.clientCertificate?.certificate, key: plan.clientCertificate?.key)
  }

  private static func messages(_ history: [StartStore.Message]) throws(ProviderError) -> [ProviderMessage] {
    var messages: [ProviderMessage] = []
    for message in history {
      guard let role = ProviderMessage.Role(rawValue: message.role) else { continue }
      messages.append(ProviderMessage(role: role, parts: try MessagePart.parse(message.parts)))
    }
    return messages
  }
}
