import Chat
import Providers
import Testing

@testable import Service
@testable import Store

@Suite struct RouteCheckTests {
  private static let id = ID(high: 0x1234, low: 0x5678)

  private static func route(
    _ driver: String = "openai", region: String? = nil, domain: String? = nil, overrides: String = "{}",
    headers: String = "{}", query: String = "{}", parameters: String = "{}", streams: Bool = true
  ) -> CheckupStore.RouteRow {
    CheckupStore.RouteRow(
      id: id, model: "fast", driver: driver, providerModel: "small", region: region, managedDomain: domain,
      overrides: overrides, headers: headers, query: query, parameters: parameters, streams: streams)
  }

  @Test(arguments: ProviderRegistry.drivers.map(\.name), [true, false])
  func everyDriverIsTriedWithoutACredential(driver: String, streams: Bool) {
    let route = Self.route(
      driver, region: "eu", domain: "llm.example", overrides: #"{"top_k": 4}"#, headers: #"{"x-team": "chat"}"#,
      query: #"{"v": "1"}"#, parameters: #"{"temperature": 0.3}"#, streams: streams)
    #expect(RouteCheck.findings([route, route]) == [.ok("routes", "2 enabled")])
  }

  @Test(
    arguments: zip(
      [
        route("fax"), route("azure"), route(region: "eu"), route(overrides: #"{"stream": true}"#),
        route(headers: #"{"api-key": "hush"}"#), route(query: #"{"v": ["hush"]}"#),
        route("anthropic", parameters: #"{"temperature": 1.5}"#),
      ],
      [
        "no driver fax", "region: an endpoint", "region: a short name", "overrides.stream", "headers.api-key",
        "query.v", "parameters.temperature",
      ]))
  func whatCannotBeSentIsNamed(route: CheckupStore.RouteRow, fault: String) throws {
    let findings = RouteCheck.findings([Self.route(), route])
    let finding = try #require(findings.first)
    #expect(findings.count == 1 && finding.level == .fail)
    #expect(finding.text.hasPrefix("fast: route \(Self.id): ") && finding.text.contains(fault))
    #expect(finding.mend?.hasPrefix(fault.hasPrefix("parameters") ? "sluice model" : "sluice route") == true)
    #expect(!"\(finding)".contains("hush"))
  }
}
