import Providers
import Testing

@Suite struct ProviderEndpointTests {
  static let fallback = "https://api.example.com/v1"

  static let routes: [(region: String?, domain: String?, endpoint: String)] = [
    (nil, nil, fallback),
    ("", "", fallback),
    ("eu", "llm.example.net", "https://eu.llm.example.net"),
    (nil, "llm.example.net", "https://llm.example.net"),
    ("eu", "llm.example.net:8443", "https://eu.llm.example.net:8443"),
    ("http://127.0.0.1:9/v1", nil, "http://127.0.0.1:9/v1"),
    ("https://h/x", "llm.example.net", "https://h/x"),
  ]

  @Test(arguments: routes)
  func followsTheRegion(region: String?, domain: String?, endpoint: String) throws {
    #expect(
      try ProviderEndpoint.resolve(region: region, managedDomain: domain, fallback: Self.fallback) == endpoint)
  }

  static let deadEnds: [(region: String, domain: String?)] = [
    ("eu", nil), ("eu/x", "d"), ("e u", "d"), ("eu@", "d"), ("http://", nil), ("https://a@b", "d"),
  ]

  @Test(arguments: deadEnds)
  func refusesWhatLeadsNowhere(region: String, domain: String?) {
    do throws(ProviderError) {
      _ = try ProviderEndpoint.resolve(region: region, managedDomain: domain, fallback: Self.fallback)
      Issue.record("accepted")
    } catch {
      #expect(error.code == .misconfigured)
      #expect(error.cause.contains("region"))
    }
  }
}
