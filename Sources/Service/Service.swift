import Chat
package import EventLoop
import FrontDoor
package import Logging
import Store
import Synchronization
import Upstream

/// A running node: all parts, put together once. `start`, then `drain`, then `stop`.
package final class Service: Sendable {
  private let settings: ServiceSettings
  /// In milliseconds; a reload may change it.
  private let drainTimeout: Atomic<Int>
  private let log: Logger
  private let pool: LoopPool
  private let database: Database
  /// For the flusher alone.
  private let flushDatabase: Database
  /// For the lease alone: nothing that waits for a lock may hold up a renewal.
  private let leaseDatabase: Database
  private let nodes: NodeStore
  private let turns: TurnStore
  private let node: Node
  private let load = NodeLoad()
  private let loopMeters: [LoopMeter]
  private let meters: Meters
  /// What went wrong on the common connections.
  private let failures: DatabaseLog
  private let registry: Registry
  private let surfaces: Surfaces
  private let issuers: Issuers
  private let memory: AccessMemory
  private let rereading: Errand
  private let rereadingAccess: Errand
  private let findingCancels: Errand
  private let gate: Gate
  private let upstream: UpstreamPool
  private let vault: Shared<CredentialVault>
  private let reportingRoutes: Errand
  private let reaper: Reaper
  private let caretaker: Caretaker
  private let tail: TailReader
  private let streams: [Streams]
  private let streamPermits: StreamPermits
  private let readership: Readership
  private let door: FrontDoor
  private let operatorDoor: FrontDoor
  private let dialects: DialectWatch
  private let operatorDialects: DialectWatch
  private let tickers: Mutex<[Ticker]> = Mutex([])
  private let draining: DrainFlag

  /// Turns may live this long, in milliseconds.
  private static let turnLifetime: UInt64 = 86_400_000

  /// Binds the listeners; nothing runs yet. Throws `FrontDoorError`, `StoreError`, `TransferError` or `SystemError`.
  package init(settings: ServiceSettings, log: Logger) throws {
    self.settings = settings
    drainTimeout = Atomic(settings.drainTimeout)
    self.log = log
    let started = Instant.boot()
    pool = try LoopPool(count: settings.loops)
    loopMeters = pool.loops.map { LoopMeter(loop: $0) }
    let meters = Meters(lanes: Lanes(loops: pool.loops))
    self.meters = meters
    let failures = DatabaseLog(.common, log)
    self.failures = failures
    let flushFailures = DatabaseLog(.flusher, log)
    let leaseFailures = DatabaseLog(.lease, log)
    var options = DatabaseSettings()
    options.onEnd = meters.observer(of: .common)
    options.onReach = { failures.changed($0) }
    options.connections = settings.databaseConnections
    options.prepared = settings.preparedStatements
    options.queueBound = settings.databaseQueue
    database = try Database(loops: pool.loops, conninfo: settings.database, settings: options)
    options.connections = 1
    options.applicationName = "sluice flusher"
    options.onEnd = meters.observer(of: .flusher)
    options.onReach = { flushFailures.changed($0) }
    flushDatabase = try Database(loops: [pool.loops[0]], conninfo: settings.database, settings: options)
    options.applicationName = "sluice lease"
    options.onEnd = meters.observer(of: .lease)
    options.onReach = { leaseFailures.changed($0) }
    leaseDatabase = try Database(loops: [pool.pick()], conninfo: settings.database, settings: options)
    nodes = NodeStore(database)
    turns = TurnStore(database)
    registry = Registry(limit: settings.turnLimit)
    node = Node(
      tag: settings.tag, host: settings.host, version: settings.version, store: NodeStore(leaseDatabase), log: log,
      failures: leaseFailures)
    let finisher = Finisher(
      loop: pool.loops[0], store: FlushStore(database), node: node, log: log, failures: failures, meters: meters)
    let flusher = Flusher(
      loop: pool.loops[0], store: FlushStore(flushDatabase), finisher: finisher, node: node, log: log,
      failures: flushFailures, meters: meters)
    let access = AccessStore(database)
    surfaces = Surfaces(store: access)
    upstream = try UpstreamPool(loops: pool, settings: settings.upstream)
    let webTokenMemory = WebTokenMemory()
    let issuerStore = IssuerStore(database)
    issuers = Issuers(
      store: issuerStore,
      means: IssuerKeys.Means(upstream: upstream, meters: meters, log: log) { webTokenMemory.forget() })
    memory = AccessMemory(store: RevocationStore(database), meters: meters, log: log)
    gate = Gate(
      keys: settings.keys, store: access, surfaces: surfaces,
      webTokens: WebTokenDoor(
        issuers: issuers, memory: webTokenMemory, access: access, store: issuerStore, meters: meters, log: log),
      memory: memory, meters: meters)
    caretaker = Caretaker(node: node, registry: registry, store: nodes, log: log, failures: failures)
    tail = TailReader(store: turns, registry: registry, failures: failures)
    readership = Readership(
      node: node, registry: registry, tail: tail, store: turns, failures: failures, meters: meters)
    rereading = Self.rereading(surfaces, issuers, failures)
    findingCancels = Self.findingCancels(turns, node, registry)
    dialects = DialectWatch(log: log)
    operatorDialects = DialectWatch(log: log)
    let draining = DrainFlag()
    self.draining = draining
    let neighbours = LiveTurn.Neighbours(
      flusher: flusher, registry: registry, node: node, load: load, meters: meters,
      reservations: Reservations(
        loop: pool.pick(), store: UsageStore(database), node: node, log: log, failures: failures, meters: meters),
      hourglasses: pool.loops.map { Hourglass(loop: $0) })
    // The other half of the connections is left to whoever wants little.
    let pages = Turnstile(places: max(1, settings.databaseConnections / 2))
    let finder = TurnFinder(
      registry: registry, store: turns, surfaces: surfaces, memory: memory, neighbours: neighbours, tail: tail,
      pages: pages, failures: failures)
    let parkings = pool.loops.map { Parking(loop: $0, meters: meters) }
    let streams = pool.loops.map { Streams(loop: $0, meters: meters) }
    self.streams = streams
    rereadingAccess = Self.rereadingAccess(memory, streams, failures)
    streamPermits = StreamPermits(limit: settings.streamLimit, meters: meters)
    let routes = RouteBook()
    reportingRoutes =
      RouteReport(book: routes, store: RouteStore(database), node: node, failures: failures).errand
    let vault = Shared(CredentialVault(keys: settings.credentialKeys))
    self.vault = vault
    let means = TurnCourse.Means(
      upstream: upstream, routes: routes, vault: { vault.value }, loop: pool.pick(), meters: meters)
    let starter = TurnStarter(registry: registry, neighbours: neighbours, means: means, log: log)
    reaper = Reaper(
      node: node, store: nodes,
      adopter: Adopter(
        node: node, registry: registry, store: AdoptionStore(database), starter: starter, surfaces: surfaces,
        meters: meters, log: log, isDraining: { draining.isSet }),
      log: log, failures: failures)
    let starts = Starts(
      gate: gate, node: node, registry: registry, store: StartStore(database), finder: finder,
      starter: starter, parkings: parkings, streams: streams, streamPermits: streamPermits,
      isDraining: { draining.isSet }
    )
    let start = StartRoute(gate: gate, starts: starts)
    let budget = IdentityBudget(pace: IdentityBudget.lookUps)
    let reading = TurnAccess(gate: gate, registry: registry, finder: finder, budget: budget)
    let poll = PollRoute(access: reading, parkings: parkings)
    let events = EventsRoute(access: reading, streams: streams, permits: streamPermits)
    let cancel = CancelRoute(gate: gate, registry: registry, store: turns)
    let session = SessionRoute(gate: gate, surfaces: surfaces, store: access)
    let links = LinksRoute(gate: gate, budget: IdentityBudget(pace: IdentityBudget.pages), store: LinkStore(database))
    let models = ModelsRoute(gate: gate, budget: budget, store: ModelStore(database))
    let conversations = ConversationsRoute(
      gate: gate, registry: registry, finder: finder, budget: budget,
      pageBudget: IdentityBudget(pace: IdentityBudget.pages), pages: pages, store: ConversationStore(database))
    let openAI = OpenAIRoutes(
      completions: CompletionsRoute(gate: gate, starts: starts),
      models: ListedModelsRoute(gate: gate, budget: budget, store: ModelStore(database)))
    let preflight: Route.Action = { [gate] request, _, exchange in
      exchange.reply(CrossOrigin.preflight(origin: gate.origin(of: request)))
    }
    // Pages of other origins are to read these errors too.
    let readable: Router.Refused = { [gate] request, response in
      OpenAIError.reformed(response, of: request)
        .adding(headers: CrossOrigin.headers(for: gate.origin(of: request)))
    }
    door = try FrontDoor(
      loops: pool.loops, listeners: settings.listeners, limits: settings.limits,
      handler: Router(
        [
          Route(.get, "/chat/{turn}/poll") { poll.handle($0, $1, $2) },
          Route(.get, "/chat/{turn}/events") { events.handle($0, $1, $2) },
          Route(.post, "/chat/start") { request, _, exchange in start.handle(request, exchange) },
          Route(.post, "/chat/{turn}/cancel") { cancel.handle($0, $1, $2) },
          Route(.post, "/chat/session") { request, _, exchange in session.handle(request, exchange) },
          Route(.get, "/chat/links") { request, _, exchange in links.list(request, exchange) },
          Route(.post, "/chat/links") { request, _, exchange in links.make(request, exchange) },
          Route(.delete, "/chat/links") { request, _, exchange in links.remove(request, exchange) },
          Route(.post, "/chat/links/redeem") { request, _, exchange in links.redeem(request, exchange) },
          Route(.get, "/chat/models") { request, _, exchange in models.handle(request, exchange) },
          Route(.get, "/chat/conversations") { request, _, exchange in conversations.list(request, exchange) },
          Route(.get, "/chat/conversations/{id}") { conversations.read($0, $1, $2) },
          Route(.delete, "/chat/conversations/{id}") { conversations.delete($0, $1, $2) },
          Route(.options, "/chat/links", preflight), Route(.options, "/chat/links/redeem", preflight),
          Route(.options, "/chat/models", preflight), Route(.options, "/chat/conversations", preflight),
          Route(.options, "/chat/conversations/{id}", preflight),
          Route(.options, "/chat/{turn}/poll", preflight), Route(.options, "/chat/{turn}/events", preflight),
          Route(.options, "/chat/{turn}/cancel", preflight),
          Route(.options, "/chat/start", preflight), Route(.options, "/chat/session", preflight),
        ] + openAI.routes, unmatched: { [gate] in readable($0, gate.unmatched(allow: $1)) }, refused: readable))
    let telemetry = Telemetry(
      settings: settings, started: started, meters: meters, loops: loopMeters, load: load, node: node,
      registry: registry, tail: tail, flusher: flusher, finisher: finisher, door: door, upstream: upstream,
      databases: [database, flushDatabase, leaseDatabase], isDraining: { draining.isSet },
      keys: { [gate] in gate.keys }, memory: memory)
    operatorDoor = try FrontDoor(
      loops: [pool.loops[0]], listeners: settings.operatorListeners, limits: settings.limits,
      handler: Router(OperatorRoutes(telemetry: telemetry, nodes: nodes).routes))
  }

  /// Reaches the database, checks its schema, registers the node and begins to serve.
  /// Throws `Unready` with the reason.
  package func start() async throws {
    pool.start()
    for meter in loopMeters { meter.start() }
    database.start()
    flushDatabase.start()
    leaseDatabase.start()
    operatorDoor.start()
    do {
      if let fault = try await Schema.fault(in: nodes, version: settings.version) { throw Unready(reason: fault) }
      try await node.register()
      try await surfaces.reload()
      try await issuers.reload()
      try await memory.reload()
    } catch let error as StoreError {
      throw Unready(reason: "\(error)")
    }
    node.whenVoided { [registry] in
      for turn in registry.owned { turn.input { $0.lose() } }
    }
    begin()
    door.start()
    log.info(
      "ready",
      metadata: [
        "listen": "\(door.labels.joined(separator: ", "))", "tag": "\(settings.tag)",
        "incarnation": "\(node.incarnation)", "loops": "\(pool.loops.count)",
      ])
  }

  /// Why a service does not start.
  package struct Unready: Error, CustomStringConvertible {
    package let reason: String
    package var description: String { reason }
  }

  /// Everything that happens again and again, spread over the loops.
  private func begin() {
    every(Node.renewEvery) { [node] in node.renew() }
    every(1_000) { [self] in
      reaper.tick()
      registry.sweep(at: .now())
      load.measure(loopMeters)
      endOverdueTurns()
      readership.tick()
      dialects.look(at: door.gauges(), of: door.labels)
      operatorDialects.look(at: operatorDoor.gauges(), of: operatorDoor.labels)
    }
    every(500) { [registry, findingCancels] in if registry.liveCount > 0 { findingCancels.run() } }
    every(TailReader.tick) { [tail] in tail.tickNow() }
    every(1_000) { [rereading, rereadingAccess] in
      rereading.run()
      rereadingAccess.run()
    }
    every(5_000) { [caretaker, reportingRoutes, draining] in
      // A draining node leaves turns to others: they are no orphans of its own.
      if !draining.isSet { caretaker.tick() }
      reportingRoutes.run()
    }
    every(3_600_000) { [self] in tidy() }
    tidy()
  }

  private func every(_ milliseconds: Int, _ action: @escaping @Sendable () -> Void) {
    let ticker = Ticker(loop: pool.pick(), everyMilliseconds: milliseconds, action: action)
    tickers.withLock { $0.append(ticker) }
    ticker.start()
  }

  private static func findingCancels(_ turns: TurnStore, _ node: Node, _ registry: Registry) -> Errand {
    Errand { done in
      turns.cancels(for: node.incarnation) { result in
        defer { done() }
        guard case .success(let cancelled) = result else { return }
        for id in cancelled { registry.find(id)?.input { $0.cancel() } }
      }
    }
  }

  private func endOverdueTurns() {
    let now = Instant.wall().nanoseconds / 1_000_000
    for turn in registry.owned where turn.facts.id.unixMilliseconds + Self.turnLifetime < now {
      turn.input { $0.upstreamFailed(.timedOut) }
    }
  }

  private static func rereading(_ surfaces: Surfaces, _ issuers: Issuers, _ failures: DatabaseLog) -> Errand {
    Errand { done in
      Task {
        do throws(StoreError) { try await surfaces.reload() } catch { failures.failed("surfaces not read", error) }
        do throws(StoreError) { try await issuers.reload() } catch { failures.failed("issuers not read", error) }
        done()
      }
    }
  }

  /// Whoever is refused from now on is not told the rest of what it has begun to read.
  private static func rereadingAccess(_ memory: AccessMemory, _ streams: [Streams], _ failures: DatabaseLog) -> Errand {
    Errand { done in
      Task {
        do throws(StoreError) {
          try await memory.reload()
          if memory.refusesAny { for loop in streams { loop.dismiss { memory.judge($0) == nil } } }
        } catch {
          failures.failed("revocations not read", error)
        }
        done()
      }
    }
  }

  private func tidy() {
    Task { [self] in
      do throws(StoreError) {
        try await UsageStore(database).tidy()
        let ring = try await nodes.tidy()
        log.debug("ring of turn_delta", metadata: ["result": "\(ring)"])
        while case let expired = try await nodes.expire(), expired > 0 { meters.expired.add(expired, in: meters.lane) }
      } catch {
        failures.failed("housekeeping stopped short", error)
      }
    }
  }

  /// For who watches over the process: the loops whose answers say that it works, and how much it does.
  package var loops: [EventLoop] { pool.loops }
  package var liveTurns: Int { registry.liveCount }

  /// Takes up what may change while it runs: keys (the first signs from now on, all verify), bounds and time-outs. What
  /// is under way keeps those it began with.
  package func reload(_ settings: ServiceSettings) {
    gate.replace(keys: settings.keys)
    vault.value = CredentialVault(keys: settings.credentialKeys)
    registry.replace(limit: settings.turnLimit)
    streamPermits.replace(limit: settings.streamLimit)
    door.replace(limits: settings.limits)
    operatorDoor.replace(limits: settings.limits)
    upstream.replace(bounds: settings.upstream.bounds)
    drainTimeout.store(settings.drainTimeout, ordering: .relaxed)
  }

  // MARK: shutdown

  /// Takes no new turns and waits for the live ones up to the drain time-out. What is left then is left to another
  /// node, where its virtual model and the others allow that, or ends as `interrupted`. `hurry` cuts the waits short.
  ///
  /// With other nodes alive it stops accepting at once: nginx goes on to them, and they serve this node's turns. A
  /// lone node keeps accepting polls until its readers have their ends, then closes without waiting for nginx.
  package func drain(hurry: @escaping @Sendable () -> Bool) async {
    draining.set()
    let hasPeers = (try? await nodes.hasPeers(node.incarnation)) ?? false
    log.info("draining", metadata: ["turns": "\(registry.liveCount)", "peers": "\(hasPeers)"])
    // An inherited socket stays open with whoever passed it on: nobody would answer what comes there.
    let isLeft = hasPeers && !settings.listeners.contains { $0.isInherited }
    if isLeft {
      door.stopAccepting()
      for loop in streams { loop.recycle() }
    }
    let lasting = registry.liveCount > 0
    await wait(drainTimeout.load(ordering: .relaxed), hurry) { [registry] in registry.liveCount == 0 }
    let isHandingOver = await leaveTurns()
    // The ends of what is left must still be committed, whoever hurries.
    await wait(5_000) { [registry] in
      for turn in registry.owned {
        turn.input { isHandingOver && turn.facts.mayRestart ? $0.leave() : $0.interrupt() }
      }
      return registry.liveCount == 0
    }
    if registry.liveCount > 0 {
      log.error("turns left behind for the reaper", metadata: ["turns": "\(registry.liveCount)"])
    }
    // The others begin them anew once the lease is over: not only when nginx has let go of its connections.
    if isHandingOver { await node.leave() }
    // Those that came over connections that were still open.
    if isLeft {
      for loop in streams { loop.recycle() }
      await wait(Self.idleGrace, hurry) { [door] in door.gauges().connections == 0 }
    } else if lasting {
      await wait(Self.lastPolls, hurry) { false }
    }
    door.stopAccepting()
    door.closeIdle()
  }

  /// Gives up the turns that another node may begin anew, if there is one. True if there were any.
  private func leaveTurns() async -> Bool {
    let turns = registry.owned.filter { $0.facts.mayRestart && $0.isStreaming }
    guard !turns.isEmpty, (try? await nodes.hasPeers(node.incarnation)) == true else { return false }
    log.info("turns left to other nodes", metadata: ["turns": "\(turns.count)"])
    for turn in turns { turn.input { $0.leave() } }
    return true
  }

  /// nginx's keepalive_timeout of 60 s and a little: past that none of its requests can meet the closing.
  private static let idleGrace = 65_000

  /// How long readers between two polls get to fetch the end from a lone node.
  private static let lastPolls = 3_000

  /// Until the condition holds, the time is over, or somebody hurries.
  private func wait(
    _ milliseconds: Int, _ hurry: @Sendable () -> Bool = { false }, until condition: @Sendable () -> Bool
  ) async {
    let deadline = Instant.now().advanced(milliseconds: milliseconds)
    while !condition(), Instant.now() < deadline, !hurry() { try? await Task.sleep(for: .milliseconds(20)) }
  }

  /// Ends the lease and everything that runs.
  package func stop() async {
    for ticker in tickers.withLock({ $0 }) { ticker.stop() }
    for meter in loopMeters { meter.stop() }
    await node.leave()
    door.close()
    operatorDoor.close()
    upstream.shutdown()
    database.close()
    flushDatabase.close()
    leaseDatabase.close()
    pool.stop()
    log.info("stopped", metadata: ["interrupted": "\(meters.turnsEnded.value(.interrupted))"])
  }
}

/// Set once, when the node begins to drain.
final class DrainFlag: Sendable {
  private let flag = Atomic<Bool>(false)
  var isSet: Bool { flag.load(ordering: .relaxed) }
  func set() { flag.store(true, ordering: .relaxed) }
}
