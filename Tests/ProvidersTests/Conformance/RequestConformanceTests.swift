import Providers
import Testing
import Wire

/// What holds for the requests of every driver.
@Suite struct RequestConformanceTests {
  @Test(arguments: DriverCase.all)
  func theBodyIsTheProviders(_ driver: DriverCase) throws {
    let request = try driver.driver.request(for: driver.call())
    #expect(String(decoding: request.body, as: UTF8.self) == (try driver.fixture("request.json").text))
    #expect(request.url == driver.url)
    #expect(request.headers.contains { $0 == ("content-type", "application/json") })
  }

  @Test(arguments: DriverCase.all, [true, false])
  func withoutToolsNoWordIsSaidOfThem(_ driver: DriverCase, overridden: Bool) throws {
    let members = driver.driver.toolMembers
    #expect(!members.isEmpty)
    let overrides = "{" + members.map { #""\#($0)":{"get_weather":1}"# }.joined(separator: ",") + "}"
    let call = try driver.call(
      tools: false, overrides: overridden ? ProviderOverrides(body: overrides) : .none)
    let request = try driver.driver.wholeRequest(for: call, at: 1_700_000_000)
    let body = String(decoding: request.body, as: UTF8.self)
    #expect(!body.contains("get_weather") && !body.contains("4 °C"))
    let document = try JSONDocument(parsing: request.body)
    for (name, _) in document.root.members { #expect(!members.contains(name.string ?? "")) }
  }

  @Test(arguments: DriverCase.all)
  func overridesAreMergedAsTheyAre(_ driver: DriverCase) throws {
    let overrides = try ProviderOverrides(
      body: #"{"x":{"a":[1,2.5,"ü",null],"b":null},"model":"another"}"#, headers: #"{"X-Extra":"a b"}"#,
      query: #"{"k":"a b&c"}"#)
    let request = try driver.driver.wholeRequest(for: driver.call(overrides: overrides), at: 1_700_000_000)
    let body = String(decoding: request.body, as: UTF8.self)
    #expect(body.contains(#""x":{"a":[1,2.5,"ü",null]}"#))
    #expect(body.contains(#""model":"another""#) && !body.contains(#""model":"m-1""#))
    #expect(request.headers.contains { $0 == ("x-extra", "a b") })
    #expect(request.url.hasSuffix((driver.url.contains("?") ? "&" : "?") + "k=a%20b%26c"))
  }

  @Test(arguments: DriverCase.all)
  func theCredentialIsInAHeaderOnly(_ driver: DriverCase) throws {
    let request = try driver.driver.wholeRequest(for: driver.call(), at: 1_700_000_000)
    #expect(request.headers.contains { $0.value.contains("secret-credential") })
    #expect(!request.url.contains("secret"))
    #expect(!String(decoding: request.body, as: UTF8.self).contains("secret"))
    var dumped = ""
    dump(request, to: &dumped)
    dump(try driver.call(), to: &dumped)
    for text in ["\(request)", String(reflecting: request), dumped] { #expect(!text.contains("secret")) }
  }

  @Test(arguments: DriverCase.all)
  func aCredentialThatNoHeaderHoldsIsRefused(_ driver: DriverCase) throws {
    for credential in ["", "a\r\nx-injected: 1", "a b", "ä"] {
      var request = try driver.driver.request(for: driver.call())
      #expect(throws: ProviderError.self) {
        try driver.driver.authorize(&request, with: credential, at: 1_700_000_000)
      }
    }
  }

  @Test(arguments: DriverCase.all)
  func anEndpointThatIsNoneIsRefused(_ driver: DriverCase) throws {
    for endpoint in ["", "h", "ftp://h", "http://", "http:///v1", "http://u:p@h", "http://h/ x", "http://h#f"] {
      let call = ProviderCall(
        route: ProviderRoute(endpoint: endpoint, model: "m", credential: nil),
        messages: [ProviderMessage(role: .user, text: "Hi")], streaming: true)
      #expect(throws: ProviderError.self) { try driver.driver.request(for: call) }
    }
  }

  @Test func everyRegisteredDriverHasACase() {
    let tested = Set(DriverCase.all.map(\.driver.name)).union(["azure", "gateway", "echo"]).subtracting(["toy"])
    #expect(Set(ProviderRegistry.drivers.map(\.name)) == tested)
    for driver in ProviderRegistry.drivers { #expect(ProviderRegistry.driver(named: driver.name) != nil) }
    #expect(ProviderRegistry.driver(named: "nobody") == nil)
  }
}
