import Providers
import Testing

@Suite struct BedrockCredentialTests {
  static func headers(_ credential: String?, endpoint: String = "https://h") throws -> [String: String] {
    let driver = BedrockDriver()
    var request = try driver.request(for: BedrockRequestTests.call(endpoint: endpoint))
    try driver.authorize(&request, with: credential, at: 1_700_000_000)
    return Dictionary(uniqueKeysWithValues: request.headers)
  }

  static let key = "AKIAIOSFODNN7EXAMPLE:wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"

  @Test(arguments: ["ABSKQmVkcm9ja0FQSUtleS1leGFtcGxl", "bedrock-api-key-YmVk:x", "AKIA:x", "AKIAlowercase12345:x"])
  func anAPIKeyIsABearerToken(credential: String) throws {
    #expect(try Self.headers(credential)["authorization"] == "Bearer \(credential)")
  }

  @Test func noCredentialIsNoHeader() throws { #expect(try Self.headers(nil)["authorization"] == nil) }

  @Test func anAccessKeySigns() throws {
    let headers = try Self.headers(Self.key)
    #expect(headers["x-amz-date"] == "20231114T221320Z" && headers["x-amz-security-token"] == nil)
    let authorization = try #require(headers["authorization"])
    #expect(authorization.contains("SignedHeaders=content-type;host;x-amz-date, "))
    #expect(!authorization.contains("wJalr"))
  }

  @Test func aTemporaryKeyBringsItsToken() throws {
    let headers = try Self.headers("ASIAIOSFODNN7EXAMPLE:secret:a/b+c==")
    #expect(headers["x-amz-security-token"] == "a/b+c==")
    #expect(
      headers["authorization"]?.contains("SignedHeaders=content-type;host;x-amz-date;x-amz-security-token") == true)
  }

  @Test func theBodyAndTheRoutesHeadersAreSigned() throws {
    func authorization(_ overrides: ProviderOverrides) throws -> String? {
      let call = ProviderCall(
        route: ProviderRoute(endpoint: "https://h", model: "m", credential: Self.key, overrides: overrides),
        messages: AnthropicRequestTests.hello, streaming: true)
      return try BedrockDriver().wholeRequest(for: call, at: 1_700_000_000).headers
        .first { $0.name == "authorization" }?.value
    }
    let plain = try authorization(.none)
    let header = try authorization(ProviderOverrides(headers: #"{"X-Amzn-Bedrock-Trace":"ENABLED","X-Other":"1"}"#))
    #expect(header?.contains("SignedHeaders=content-type;host;x-amz-date;x-amzn-bedrock-trace, ") == true)
    #expect(try authorization(ProviderOverrides(body: #"{"a":1}"#)) != plain)
    #expect(try authorization(ProviderOverrides(query: #"{"a":"1"}"#)) != plain)
    #expect(try authorization(ProviderOverrides(headers: #"{"X-Other":"1"}"#)) == plain)
  }

  @Test(arguments: [
    ("https://bedrock-runtime.us-east-1.amazonaws.com", "us-east-1"),
    ("https://bedrock-runtime-fips.us-gov-west-1.amazonaws.com/x", "us-gov-west-1"),
    ("https://vpce-1.bedrock-runtime.eu-west-1.vpce.amazonaws.com", "eu-west-1"),
    ("https://eu-central-1.llm.example.net:8443", "eu-central-1"),
  ])
  func theRegionIsTheHosts(endpoint: String, region: String) throws {
    #expect(
      try Self.headers(Self.key, endpoint: endpoint)["authorization"]?.contains(
        "Credential=AKIAIOSFODNN7EXAMPLE/20231114/\(region)/bedrock/aws4_request") == true)
  }

  @Test(arguments: [
    "AKIAIOSFODNN7EXAMPLE", "AKIAIOSFODNN7EXAMPLE:", "ASIAIOSFODNN7EXAMPLE:secret:", "ASIAIOSFODNN7EXAMPLE::t",
    "AKIAIOSFODNN7EXAMPLE:se cret", "AKIAIOSFODNN7EXAMPLE:secret:t\r\n",
  ])
  func halfAnAccessKeyIsMisconfigured(credential: String) {
    do throws(any Error) {
      _ = try Self.headers(credential)
      Issue.record("accepted")
    } catch {
      let error = error as? ProviderError
      #expect(error?.code == .misconfigured)
      #expect(error?.cause.contains("secret:") == false && error?.cause.contains("AKIAI") == false)
    }
  }
}
