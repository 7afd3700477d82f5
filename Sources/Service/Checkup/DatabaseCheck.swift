import Chat
import EventLoop
import Store
import Upstream

/// Looks at PostgreSQL as the program would use it.
struct DatabaseCheck: Sendable {
  let settings: ServiceSettings
  let database: Database
  /// That run, for what is asked of others than PostgreSQL.
  let loops: LoopPool
  private let store: CheckupStore

  init(settings: ServiceSettings, database: Database, loops: LoopPool) {
    self.settings = settings
    self.database = database
    self.loops = loops
    store = CheckupStore(database)
  }

  func run() async -> [Finding] {
    let server: CheckupStore.Server
    do { server = try await store.server() } catch {
      return [
        .fail(
          "database", "\(database.gauges.lastFailure ?? error)",
          mend: "try the same by `psql`; `database` is what the program connects to")
      ]
    }
    var findings = ServerCheck.findings(server)
    findings += await look("settings") { ServerCheck.findings(settings: try await store.settings(), role: server.role) }
    findings += await look("clock") { ClockCheck.findings(try await offset()) }
    findings += await look("schema") { await schema() }
    findings += await look("rights") { RightsCheck.findings(try await store.rights(), role: server.role) }
    findings += await look("exposure") { ExposureCheck.findings(try await store.exposures()) }
    findings += await look("ring") { RingCheck.findings(try await store.ring()) }
    findings += await look("surfaces") { try await surfaces() }
    findings += await look("roles") { RoleCheck.findings(try await store.roleGaps()) }
    findings += await look("routes") { RouteCheck.findings(try await store.routes()) }
    findings += await look("prices") { PriceCheck.findings(try await store.unpricedRoutes()) }
    findings += await look("credentials") {
      CredentialCheck.findings(
        try await store.credentials(), sealed: try await store.sealedSecrets(),
        vault: CredentialVault(keys: settings.credentialKeys))
    }
    findings += await look("issuers") { try await issuers() }
    findings += await look("node_tag") { try await tag() }
    return findings
  }

  /// What cannot be looked at is a finding, and no reason to leave out the rest.
  private func look(_ subject: String, _ body: () async throws -> [Finding]) async -> [Finding] {
    do { return try await body() } catch {
      return [.fail(subject, "cannot be read: \(error)", mend: "mend what is said of the schema and the rights first")]
    }
  }

  /// The best of three: what the round trip took is the most that the answer can be wrong by.
  private func offset() async throws -> ClockCheck.Offset {
    var best: ClockCheck.Offset?
    // The first one also prepares the statement.
    for _ in 0..<4 {
      let (asked, began) = (Instant.wall(), Instant.now())
      let theirs = try await store.clock()
      let took = Int(Instant.now().nanoseconds - began.nanoseconds) / 1_000
      let offset = ClockCheck.Offset(asked: Int(asked.nanoseconds / 1_000), took: took, theirs: theirs)
      if offset.uncertainty < best?.uncertainty ?? .max { best = offset }
    }
    return best ?? ClockCheck.Offset(asked: 0, took: 0, theirs: 0)
  }

  private func schema() async -> [Finding] {
    do {
      let nodes = NodeStore(database)
      if let fault = try await Schema.fault(in: nodes, version: settings.version) {
        return [
          .fail(
            "schema", fault, mend: "run `sqitch deploy --verify` in Migrations/, or install the program it asks for")
        ]
      }
      let others = try await nodes.schemaChanges().map(\.name).filter { !Schema.needed.contains($0) }.sorted()
      let also = others.isEmpty ? "" : "; beyond them: \(others.joined(separator: ", "))"
      return [.ok("schema", "all \(Schema.needed.count) changes that \(settings.version) needs\(also)")]
    } catch {
      return [.fail("schema", "cannot be read: \(error)", mend: "mend what is said of the rights first")]
    }
  }

  private func surfaces() async throws -> [Finding] {
    let count = try await AccessStore(database).surfaces().count
    guard count > 0 else {
      return [
        .warn("surfaces", "none is enabled: nobody can start a turn", mend: "insert into sluice.surface (name, kind) …")
      ]
    }
    return [.ok("surfaces", "\(count) enabled")]
  }

  private func issuers() async throws -> [Finding] {
    let upstream = try UpstreamPool(loops: loops, settings: settings.upstream)
    defer { upstream.shutdown() }
    return await IssuerCheck.findings(try await IssuerStore(database).issuers(), by: upstream)
  }

  private func tag() async throws -> [Finding] {
    let hosts = try await store.hosts(tag: settings.tag)
    let others = hosts.filter { $0 != settings.host }
    if !others.isEmpty {
      return [
        .warn(
          "node_tag", "\(settings.tag) is also borne by a live node on \(others.joined(separator: ", "))",
          mend: "set `node_tag` to a number of 0 to 4095 that no other node has")
      ]
    }
    if hosts.count > 1 {
      return [
        .warn(
          "node_tag", "\(settings.tag) is borne by \(hosts.count) live nodes of this machine",
          mend: "unless one of them is draining, give each its own `node_tag`")
      ]
    }
    return [.ok("node_tag", "\(settings.tag)\(hosts.isEmpty ? "" : ", borne by the node that runs here")")]
  }
}
