import Testing

@testable import sluice_sim

@Suite struct TLSListenerTests {
  private static let endpoints = [8001, 8002].map { Endpoint(host: "127.0.0.1", port: $0) }

  @Test func optionsPairByTheirOrder() throws {
    let listeners = try TLSListener.pair(
      Self.endpoints, certificates: ["a.pem", "b.pem"], keys: ["a.key", "b.key"], clientCAs: ["none", "ca.pem"])
    #expect(
      listeners == [
        TLSListener(endpoint: Self.endpoints[0], certificate: "a.pem", key: "a.key", clientCA: nil),
        TLSListener(endpoint: Self.endpoints[1], certificate: "b.pem", key: "b.key", clientCA: "ca.pem"),
      ])
    #expect(
      try TLSListener.pair(Self.endpoints, certificates: ["a", "b"], keys: ["a", "b"], clientCAs: []).map(\.clientCA)
        == [nil, nil])
  }

  @Test(arguments: [
    (["a"], ["a", "b"], []), (["a", "b"], ["a"], []), (["a", "b"], ["a", "b"], ["ca"]),
    (["a", "b", "c"], ["a", "b", "c"], []),
  ])
  func whatDoesNotPairIsRefused(certificates: [String], keys: [String], clientCAs: [String]) {
    #expect(throws: TLSListener.Mismatch()) {
      try TLSListener.pair(Self.endpoints, certificates: certificates, keys: keys, clientCAs: clientCAs)
    }
  }

  @Test func aMissingFileIsAnError() {
    let listener = TLSListener(endpoint: Self.endpoints[0], certificate: "/nowhere", key: "/nowhere", clientCA: nil)
    #expect(throws: (any Error).self) { try listener.context() }
  }
}
