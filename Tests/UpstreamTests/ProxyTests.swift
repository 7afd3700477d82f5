import Dispatch
import Glibc
import Synchronization
import Testing
import Upstream

@Suite("Through a proxy", .timeLimit(.minutes(1)))
struct ProxyTests {
  /// Requests that the proxy was sent.
  private final class Log: Sendable {
    let lines = Watched<[String]>([])
    func add(_ request: String) { lines.update { $0.append(request) } }
    var all: String { lines.value.joined() }
  }

  /// Answers CONNECT by connecting to `origin`, whatever host was asked for, with a head that is not the provider's.
  private static func tunnel(to origin: UInt16, _ log: Log) -> ScriptedServer.Script {
    { connection in
      guard let request = connection.request() else { return }
      log.add(request)
      connection.send("HTTP/1.1 200 Established\r\nX-Request-ID: proxy\r\nContent-Type: text/proxy\r\n\r\n")
      connection.relay(to: origin)
    }
  }

  private func settings(
    _ proxy: ScriptedServer, scheme: String = "http", noProxy: String = "", caBundle: String? = nil
  ) throws -> UpstreamSettings {
    UpstreamSettings(
      caBundle: caBundle ?? UpstreamSettings.systemBundle(),
      proxy: try UpstreamProxy("\(scheme)://user:hidden%21@127.0.0.1:\(proxy.port)"), noProxy: noProxy)
  }

  /// What "user" and "hidden!" look like to the proxy.
  private let credentials = "Proxy-Authorization: Basic dXNlcjpoaWRkZW4h\r\n"

  @Test func aPlainRequestIsAskedOfTheProxy() async throws {
    let log = Log()
    let proxy = ScriptedServer { connection in
      while let request = connection.request() {
        log.add(request)
        connection.respond("from the proxy", headers: "Content-Type: text/plain\r\n")
      }
    }
    defer { proxy.stop() }
    try await Rig.run(settings: try settings(proxy), script: { _ in }) { rig async throws in
      for _ in 0..<2 {
        let record = try await rig.fetch(url: "http://provider.invalid/v1/chat?a=1")  // nobody looks this up here
        #expect(record.text == "from the proxy")
        #expect(record.head == ResponseHead(status: 200, contentType: "text/plain"))
      }
      #expect(log.lines.value.count == 2)
      for request in log.lines.value {
        #expect(request.hasPrefix("POST http://provider.invalid/v1/chat?a=1 HTTP/1.1\r\n"))
        #expect(request.contains(credentials))
      }
      #expect(proxy.accepted.value == 1)
    }
  }

  @Test func aTunnelShowsNothingOfItself() async throws {
    let authority = try Authority()
    let front = try TLSFront([.init(identity: authority.issue("provider"))], in: authority.folder)
    let log = Log()
    let proxy = ScriptedServer(Self.tunnel(to: front.port(), log))
    defer { proxy.stop() }
    try await Rig.run(settings: try settings(proxy, caBundle: authority.bundle), script: { _ in }) { rig async throws in
      for _ in 0..<2 {
        let recorder = Recorder()
        rig.start(recorder, url: "https://127.0.0.1:9/v1", headers: [("Authorization", "Bearer hidden-key")])
        let record = try await recorder.finish()
        #expect(record.outcome == .complete)
        #expect(record.head == ResponseHead(status: 200, contentType: "text/plain"))
        #expect(record.text.hasSuffix("/v1"))
      }
      // One tunnel for both, and the provider's key is not for the proxy.
      #expect(log.lines.value.count == 1)
      #expect(log.all.hasPrefix("CONNECT 127.0.0.1:9 HTTP/1.1\r\n"))
      #expect(log.all.contains(credentials))
      #expect(!log.all.contains("hidden-key"))
    }
  }

  @Test(arguments: ["407 Who are you", "403 No", "502 Nobody there", ""])
  func aRefusedTunnel(answer: String) async throws {
    let proxy = ScriptedServer { connection in
      guard connection.request() != nil, !answer.isEmpty else { return }
      connection.respond("words of the proxy", status: answer, headers: "Proxy-Authenticate: Basic realm=\"x\"\r\n")
    }
    defer { proxy.stop() }
    try await Rig.run(settings: try settings(proxy), script: { _ in }) { rig async throws in
      let record = try await rig.fetch(url: "https://provider.invalid/")
      let error = record.outcome?.error
      #expect(error?.code == .proxy)
      #expect(error?.beforeFirstByte == true)
      #expect(record.head == nil && record.body.isEmpty)
      #expect(error?.cause.contains(answer.prefix(3)) == true, "\(error?.cause ?? "")")
      #expect("\(error as Any)".contains("hidden") == false)
    }
  }

  @Test func aProxyThatWantsOtherCredentialsForAPlainRequest() async throws {
    let proxy = ScriptedServer { connection in
      guard connection.request() != nil else { return }
      connection.respond("", status: "407 Who are you", headers: "Proxy-Authenticate: Basic realm=\"x\"\r\n")
    }
    defer { proxy.stop() }
    try await Rig.run(settings: try settings(proxy), script: { _ in }) { rig async throws in
      let record = try await rig.fetch(url: "http://provider.invalid/")
      #expect(record.outcome?.error?.code == .proxy)
      #expect(record.head == nil)
    }
  }

  @Test func hostsThatNeedNoProxy() async throws {
    let proxy = ScriptedServer { connection in
      while connection.request() != nil { connection.respond("proxy") }
    }
    defer { proxy.stop() }
    try await Rig.run(settings: try settings(proxy, noProxy: "example.com,127.0.0.0/8")) { connection in
      while connection.request() != nil { connection.respond("direct") }
    } _: { rig async throws in
      #expect(try await rig.fetch().text == "direct")
      #expect(try await rig.fetch(url: "http://provider.invalid/").text == "proxy")
    }
  }

  @Test func theEnvironmentIsNotAsked() async throws {
    // In a process of its own, for its environment is everybody's.
    await #expect(processExitsWith: .success) {
      for name in ["http_proxy", "https_proxy", "all_proxy", "ALL_PROXY"] { setenv(name, "http://127.0.0.1:1", 1) }
      try await Rig.run(script: { connection in
        while connection.request() != nil { connection.respond("direct") }
      }) { rig async throws in
        #expect(try await rig.fetch().text == "direct")
      }
      for name in ["no_proxy", "NO_PROXY"] { setenv(name, "*", 1) }
      let proxy = ScriptedServer { connection in
        while connection.request() != nil { connection.respond("proxy") }
      }
      let settings = UpstreamSettings(proxy: try UpstreamProxy("http://127.0.0.1:\(proxy.port)"))
      try await Rig.run(settings: settings, script: { _ in }) { rig async throws in
        #expect(try await rig.fetch().text == "proxy")
      }
    }
  }

  @Test func aProxyThatSpeaksTLS() async throws {
    let authority = try Authority()
    let front = try TLSFront([.init(identity: authority.issue("proxy"))], in: authority.folder)
    let proxy = try UpstreamProxy("https://127.0.0.1:\(front.port())")
    try await Rig.run(settings: UpstreamSettings(caBundle: authority.bundle, proxy: proxy), script: { _ in }) {
      rig async throws in
      let record = try await rig.fetch(url: "http://provider.invalid/v1")
      #expect(record.head?.status == 200)
      #expect(record.text.hasSuffix("|/v1"))  // nginx takes the whole URL and shows the path
    }
    try await Rig.run(settings: UpstreamSettings(proxy: proxy), script: { _ in }) { rig async throws in
      #expect(try await rig.fetch(url: "http://provider.invalid/v1").outcome?.error?.code == .tls)
    }
  }

  /// RFC 1928 and 1929, with the name left to the proxy.
  @Test(arguments: [true, false])
  func socks(accepted: Bool) async throws {
    let asked = Watched("")
    try await Rig.run { connection in
      while connection.request() != nil { connection.respond("behind the proxy") }
    } _: { rig async throws in
      let origin = rig.server.port
      let proxy = ScriptedServer { connection in
        guard let greeting = connection.take(2), let methods = connection.take(Int(greeting[1])), methods.contains(2)
        else { return }
        connection.send([5, 2])
        guard let user = connection.take(2), let name = connection.take(Int(user[1])),
          let size = connection.take(1), let password = connection.take(Int(size[0]))
        else { return }
        connection.send([1, accepted ? 0 : 1])
        guard accepted, let request = connection.take(5), request[3] == 3, let host = connection.take(Int(request[4])),
          connection.take(2) != nil
        else { return }
        asked.update { $0 = [name, password, host].map { String(decoding: $0, as: UTF8.self) }.joined(separator: " ") }
        connection.send([5, 0, 0, 1, 0, 0, 0, 0, 0, 0])
        connection.relay(to: origin)
      }
      defer { proxy.stop() }
      try await Rig.run(settings: try settings(proxy, scheme: "socks5h"), script: { _ in }) { rig async throws in
        let record = try await rig.fetch(url: "http://provider.invalid/")
        if accepted {
          #expect(record.text == "behind the proxy")
          #expect(asked.value == "user hidden! provider.invalid")
        } else {
          #expect(record.outcome?.error?.code == .proxy)
          #expect(record.outcome?.error?.cause.contains("hidden") == false)
        }
      }
    }
  }

  @Test func aProxyThatIsNotThere() async throws {
    let (descriptor, port) = ScriptedServer.listen(backlog: 1)
    close(descriptor)
    let name = String(repeating: "a", count: 64) + ".invalid"
    for (address, code) in [("127.0.0.1:\(port)", TransferError.Code.connect), (name, .proxy)] {
      let proxy = try UpstreamProxy("http://user:hidden@\(address)")
      try await Rig.run(settings: UpstreamSettings(proxy: proxy), script: { _ in }) { rig async throws in
        let error = try await rig.fetch(url: "https://provider.invalid/").outcome?.error
        #expect(error?.code == code)
        #expect(error?.cause.contains("hidden") == false)
      }
    }
  }

  @Test func aSilentProxyIsGivenUpAndCanBeCancelled() async throws {
    let (asked, closed) = (Watched(0), Watched(0))
    let proxy = ScriptedServer { connection in
      guard connection.request() != nil else { return }
      asked.update { $0 += 1 }
      if connection.closedByClient() { closed.update { $0 += 1 } }
    }
    defer { proxy.stop() }
    try await Rig.run(settings: try settings(proxy), script: { _ in }) { rig async throws in
      #expect(
        try await rig.fetch(url: "https://provider.invalid/", limits: .init(connect: 200)).outcome?.error?.code
          == .connectTimeout)
      let recorder = Recorder()
      let transfer = rig.start(recorder, url: "https://provider.invalid/")
      try await asked.wait { $0 == 2 }
      transfer.cancel()
      #expect(try await recorder.finish().outcome == .cancelled)
      try await closed.wait { $0 == 2 }
    }
  }

  @Test(arguments: [
    "127.0.0.1:3128", "ftp://proxy/", "socks4://proxy", "http://", "http://proxy/path", "http://proxy?x", "http://a b",
    "",
  ])
  func whatIsNoProxy(url: String) {
    let error = #expect(throws: TransferError.self) { try UpstreamProxy(url) }
    #expect(error?.code == .proxy)
  }

  @Test func neitherUserNorPasswordIsPrinted() throws {
    let proxy = try UpstreamProxy("socks5h://somebody:hidden@proxy.example.com:1080")
    let settings = UpstreamSettings(proxy: proxy)
    var dumped = ""
    dump(settings, to: &dumped)
    for text in ["\(proxy)", String(reflecting: proxy), "\(settings)", dumped] {
      #expect(!text.contains("hidden") && !text.contains("somebody"))
    }
    #expect("\(proxy)" == "socks5h://proxy.example.com:1080")
  }
}
