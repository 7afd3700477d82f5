import Glibc
import TestSupport
import Testing
import Upstream

@Suite("TLS", .timeLimit(.minutes(1)))
struct TLSTests {
  /// The words of an answer of `TLSFront`: client, connection, kind of session, path.
  private func words(_ record: Recorder.Record) throws -> [String] {
    let words = record.text.split(separator: "|", omittingEmptySubsequences: false).map(String.init)
    try #require(words.count == 4, "\(record)")
    return words
  }

  @Test func thePoolsAuthorities() async throws {
    let authority = try Authority()
    let front = try TLSFront([.init(identity: authority.issue("server"))], in: authority.folder)
    try await Rig.run(settings: UpstreamSettings(caBundle: authority.bundle), script: { _ in }) { rig async throws in
      let record = try await rig.fetch(url: front.url(path: "/v1"))
      #expect(record.outcome == .complete)
      #expect(record.head?.status == 200)
      #expect(try words(record).last == "/v1")
      #expect(try await words(rig.fetch(url: front.url()))[1] == words(record)[1])  // the connection is kept
    }
  }

  @Test func theAuthoritiesOfOneRequest() async throws {
    let authority = try Authority()
    let front = try TLSFront([.init(identity: authority.issue("server"))], in: authority.folder)
    try await Rig.run(script: { _ in }) { rig async throws in
      let trusting = try await rig.fetch(url: front.url(), tls: UpstreamTLS(caBundle: authority.bundle))
      #expect(trusting.outcome == .complete)
      // Another request must not ride on that connection.
      #expect(try await rig.fetch(url: front.url()).outcome?.error?.code == .tls)
    }
  }

  @Test func whyACertificateIsNotAccepted() async throws {
    let (authority, stranger) = (try Authority(), try Authority(name: "Stranger"))
    let sites = [
      try authority.issue("expired", days: -1), try authority.issue("elsewhere", address: "127.0.0.2"),
      try stranger.issue("unknown"), stranger.own,
    ]
    let reasons = [
      "expired", "no alternative certificate subject name matches", "unable to get local issuer certificate",
      "self-signed certificate",
    ]
    let front = try TLSFront(sites.map { .init(identity: $0) }, in: authority.folder)
    try await Rig.run(settings: UpstreamSettings(caBundle: authority.bundle), script: { _ in }) { rig async throws in
      for (site, reason) in reasons.enumerated() {
        let error = try await rig.fetch(url: front.url(site)).outcome?.error
        #expect(error?.code == .tls)
        #expect(error?.cause.contains(reason) == true, "\(error?.cause ?? "")")
        #expect(error?.beforeFirstByte == true)
      }
    }
  }

  @Test func aConnectionIsUsedAgainOnlyByTheSameClient() async throws {
    let authority = try Authority()
    let demanding = "ssl_client_certificate \(authority.bundle); ssl_verify_client optional;"
    let front = try TLSFront(
      [.init(identity: authority.issue("server"), directives: demanding)], in: authority.folder)
    let clients = try ["alice", "bob"].map { try authority.issue($0) }.map {
      UpstreamTLS(certificate: $0.certificate, key: $0.key)
    }
    let order: [UpstreamTLS?] = [clients[0], nil, clients[1], clients[0], clients[1], nil]
    try await Rig.run(settings: UpstreamSettings(caBundle: authority.bundle), script: { _ in }) { rig async throws in
      var seen: [[String]] = []
      for tls in order { seen.append(try await words(rig.fetch(url: front.url(), tls: tls))) }
      #expect(seen.map { $0[0] } == ["CN=alice", "", "CN=bob", "CN=alice", "CN=bob", ""])
      #expect(seen[3][1] == seen[0][1] && seen[4][1] == seen[2][1] && seen[5][1] == seen[1][1])
      #expect(Set(seen.map { $0[1] }).count == 3)
    }
  }

  @Test func aNewConnectionTakesUpTheSessionOfTheSameClient() async throws {
    let authority = try Authority()
    // TLS 1.2 hands the session over in the handshake; with 1.3 it may come after the answer. No connection is kept.
    let demanding =
      "ssl_client_certificate \(authority.bundle); ssl_verify_client optional; ssl_session_cache shared:s:1m; "
      + "ssl_protocols TLSv1.2; keepalive_timeout 0;"
    let front = try TLSFront(
      [.init(identity: authority.issue("server"), directives: demanding)], in: authority.folder)
    let clients = try ["alice", "bob"].map { try authority.issue($0) }.map {
      UpstreamTLS(certificate: $0.certificate, key: $0.key)
    }
    try await Rig.run(settings: UpstreamSettings(caBundle: authority.bundle), script: { _ in }) { rig async throws in
      var seen: [[String]] = []
      for tls in clients + clients + [nil, nil] { seen.append(try await words(rig.fetch(url: front.url(), tls: tls))) }
      #expect(seen.map { $0[0] } == ["CN=alice", "CN=bob", "CN=alice", "CN=bob", "", ""])
      #expect(seen.map { $0[2] } == [".", ".", "r", "r", ".", "r"])
      #expect(Set(seen.map { $0[1] }).count == 6)
    }
  }

  @Test func certificateAndKeyInOneFile() async throws {
    let authority = try Authority()
    let demanding = "ssl_client_certificate \(authority.bundle); ssl_verify_client on;"
    let front = try TLSFront(
      [.init(identity: authority.issue("server"), directives: demanding)], in: authority.folder)
    let client = try authority.issue("client")
    let both = "\(authority.folder)/both.pem"
    try ChildProcess.run(["sh", "-c", "cat \(client.certificate) \(client.key) > \(both)"])
    try await Rig.run(settings: UpstreamSettings(caBundle: authority.bundle), script: { _ in }) { rig async throws in
      let record = try await rig.fetch(url: front.url(), tls: UpstreamTLS(certificate: both))
      #expect(try words(record)[0] == "CN=client")
      #expect(try await rig.fetch(url: front.url()).head?.status == 400)  // nginx: no certificate was sent
    }
  }

  @Test func aServerThatRefusesTheClientAfterTheHandshake() async throws {
    let authority = try Authority()
    let server = try authority.issue("server")
    var ends: [Int32] = [-1, -1]
    #expect(pipe(&ends) == 0)
    let process = try ChildProcess(
      [
        "openssl", "s_server", "-accept", "127.0.0.1:0", "-cert", server.certificate, "-key", server.key,
        "-CAfile", authority.bundle, "-Verify", "1", "-verify_return_error", "-www",
      ], output: ends[1])
    close(ends[1])
    defer {
      process.end()
      close(ends[0])
    }
    // It prints "ACCEPT 127.0.0.1:12345".
    var printed = ""
    while !printed.contains("ACCEPT") || !printed.hasSuffix("\n") {
      var buffer = [UInt8](repeating: 0, count: 256)
      let count = read(ends[0], &buffer, buffer.count)
      try #require(count > 0)
      printed += String(decoding: buffer[..<count], as: UTF8.self)
    }
    let port = try #require(printed.split(separator: ":").last).filter(\.isNumber)
    try await Rig.run(settings: UpstreamSettings(caBundle: authority.bundle), script: { _ in }) { rig async throws in
      let error = try await rig.fetch(url: "https://127.0.0.1:\(port)/").outcome?.error
      #expect(error?.code == .tls)
      #expect(error?.cause.contains("certificate required") == true, "\(error?.cause ?? "")")
    }
  }

  @Test func filesThatAreMissingOrHoldSomethingElse() async throws {
    let authority = try Authority()
    let client = try authority.issue("client")
    let other = try authority.issue("other")
    let front = try TLSFront([.init(identity: authority.issue("server"))], in: authority.folder)
    let nowhere = "\(authority.folder)/nowhere.pem"
    let noise = "\(authority.folder)/noise.pem"
    try TLSFront.write("no certificate\n", to: noise)
    let encrypted = try authority.encrypt(client.key)
    let cases: [(tls: UpstreamTLS, named: String?)] = [
      (UpstreamTLS(caBundle: nowhere), nowhere),
      (UpstreamTLS(certificate: nowhere, key: client.key), nowhere),
      (UpstreamTLS(certificate: client.certificate, key: nowhere), nowhere),
      (UpstreamTLS(caBundle: noise), noise),
      (UpstreamTLS(certificate: noise, key: client.key), noise),
      (UpstreamTLS(certificate: client.certificate, key: other.key), nil),
      (UpstreamTLS(certificate: client.certificate), nil),
      (UpstreamTLS(certificate: client.certificate, key: encrypted), nil),  // nobody is asked for the password
    ]
    try await Rig.run(settings: UpstreamSettings(caBundle: authority.bundle), script: { _ in }) { rig async throws in
      for (tls, named) in cases {
        let error = try await rig.fetch(url: front.url(), tls: tls).outcome?.error
        #expect(error?.code == .tlsFile, "\(tls)")
        if let named { #expect(error?.cause.contains(named) == true, "\(error?.cause ?? "")") }
      }
      // What cannot even be read is found before anything is connected.
      let missing = try await rig.fetch(tls: UpstreamTLS(caBundle: nowhere)).outcome?.error
      #expect(missing?.code == .tlsFile)
      #expect(rig.server.accepted.value == 0)
    }
  }
}
