import Glibc
import Testing
import Upstream

/// Over sockets: what is refused reaches nobody.
@Suite("Which addresses are reached", .timeLimit(.minutes(1)))
struct AddressGuardTests {
  private static let answering: ScriptedServer.Script = { connection in
    while connection.request() != nil { connection.respond("reached") }
  }

  private func settings(allowed: String = "", only: String? = nil) throws -> UpstreamSettings {
    UpstreamSettings(
      addresses: AddressGuard(allowed: try HostList(allowed), only: try only.map { try HostList($0) }))
  }

  private func fetch(
    _ host: String, allowed: String = "", only: String? = nil
  ) async throws -> (record: Recorder.Record, connections: Int) {
    var found: (Recorder.Record, Int)?
    try await Rig.run(settings: try settings(allowed: allowed, only: only), script: Self.answering) {
      rig async throws in
      let record = try await rig.fetch(url: "http://\(host):\(rig.server.port)/")
      found = (record, rig.server.accepted.value)
    }
    return try #require(found)
  }

  @Test(arguments: [
    ("0.0.0.0", "unspecified"), ("0", "unspecified"), ("[::]", "unspecified"), ("[::ffff:0.0.0.0]", "unspecified"),
    ("169.254.169.254", "metadata"), ("0xa9fea9fe", "metadata"), ("2852039166", "metadata"),
    ("[::ffff:169.254.169.254]", "metadata"), ("[64:ff9b::a9fe:a9fe]", "metadata"), ("[fe80::1]", "link-local"),
    ("224.0.0.1", "multicast"), ("255.255.255.255", "broadcast"), ("link-local.resolver.test", "link-local"),
    ("metadata.resolver.test", "metadata"),
  ])
  func aClassThatIsRefused(host: String, name: String) async throws {
    let (record, connections) = try await fetch(host)
    let error = record.outcome?.error
    #expect(error?.code == .refusedAddress)
    #expect(error?.beforeFirstByte == true)
    #expect(error?.cause.contains("a \(name) address") == true, "\(error?.cause ?? "")")
    #expect(record.head == nil)
    #expect(connections == 0)
  }

  @Test(arguments: ["127.0.0.1", "localhost", "loopback.resolver.test", "[::ffff:127.0.0.1]"])
  func loopbackIsReached(host: String) async throws {
    #expect(try await fetch(host).record.text == "reached")
  }

  /// The kernel takes the unspecified address for this machine's own.
  @Test(arguments: ["0.0.0.0", "0.0.0.0/8"])
  func whatIsAllowedIsReached(list: String) async throws {
    #expect(try await fetch("0.0.0.0", allowed: list).record.text == "reached")
  }

  @Test func aNameHasAnotherAddress() async throws {
    #expect(try await fetch("mixed.resolver.test").record.text == "reached")
  }

  @Test func whereTheOtherAddressIsDeadThatIsTheReason() async throws {
    let (descriptor, port) = ScriptedServer.listen(backlog: 1)
    close(descriptor)
    try await Rig.run(script: { _ in }) { rig async throws in
      #expect(try await rig.fetch(url: "http://mixed.resolver.test:\(port)/").outcome?.error?.code == .connect)
    }
  }

  @Test(arguments: ["127.0.0.0/8", "loopback.resolver.test", ".resolver.test", "10.0.0.0/8,127.0.0.1"])
  func whatIsListedIsReached(only: String) async throws {
    #expect(try await fetch("loopback.resolver.test", only: only).record.text == "reached")
  }

  @Test(arguments: ["10.0.0.0/8", "other.test,10.0.0.0/8", "other.test"])
  func whatIsNotListedIsNot(only: String) async throws {
    let (record, connections) = try await fetch("loopback.resolver.test", only: only)
    #expect(record.outcome?.error?.code == .refusedAddress)
    #expect(record.outcome?.error?.cause.hasSuffix("upstream_only does not list it") == true)
    #expect(connections == 0)
  }

  @Test func aNameThatIsNotListedIsNotEvenLookedUp() async throws {
    // Its look-up would not end.
    let (record, _) = try await fetch(SlowResolver.host, only: "other.test")
    #expect(record.outcome?.error?.code == .refusedAddress)
  }

  @Test func aRedirectIsNotFollowed() async throws {
    let target = ScriptedServer(Self.answering)
    defer { target.stop() }
    try await Rig.run { connection in
      guard connection.request() != nil else { return }
      connection.respond("moved", status: "307 Temporary Redirect", headers: "Location: \(target.url())\r\n")
    } _: { rig async throws in
      let record = try await rig.fetch()
      #expect(record.head?.status == 307)
      #expect(record.text == "moved")
      #expect(target.accepted.value == 0)
    }
  }

  @Test func theProxyItselfIsReachedAndNamesDecide() async throws {
    let proxy = ScriptedServer { connection in
      while connection.request() != nil { connection.respond("proxy") }
    }
    defer { proxy.stop() }
    var settings = try settings(only: "provider.invalid,metadata.resolver.test")
    settings.proxy = try UpstreamProxy("http://0.0.0.0:\(proxy.port)")
    settings.noProxy = HostList(noProxy: "metadata.resolver.test")
    try await Rig.run(settings: settings, script: { _ in }) { rig async throws in
      #expect(try await rig.fetch(url: "http://provider.invalid/").text == "proxy")
      // Another name, an address that tells for itself, and a host that is asked without the proxy.
      for host in ["other.invalid", "169.254.169.254", "metadata.resolver.test"] {
        #expect(try await rig.fetch(url: "http://\(host)/").outcome?.error?.code == .refusedAddress, "\(host)")
      }
      #expect(proxy.accepted.value == 1)
    }
  }
}
