import Providers
import Testing
import Wire

@Suite struct OpenAIRequestTests {
  static func call(
    endpoint: String = "http://127.0.0.1:1234", model: String = "m", credential: String? = "sk-secret",
    overrides: ProviderOverrides = .none, systemPrompt: String? = nil,
    messages: [ProviderMessage] = [ProviderMessage(role: .user, text: "secret words")], parameters: String = "{}",
    streaming: Bool = true
  ) throws -> ProviderCall {
    ProviderCall(
      route: ProviderRoute(endpoint: endpoint, model: model, credential: credential, overrides: overrides),
      systemPrompt: systemPrompt, messages: messages, parameters: try ProviderParameters(json: parameters),
      streaming: streaming)
  }

  static func body(_ call: ProviderCall) throws -> String {
    String(decoding: try OpenAIDriver().request(for: call).body, as: UTF8.self)
  }

  @Test func asksForAStream() throws {
    let call = try Self.call(
      systemPrompt: "Be \"brief\".",
      messages: [
        ProviderMessage(role: .user, text: "Hi\n"), ProviderMessage(role: .assistant, text: "Hello"),
        ProviderMessage(role: .user, text: "ö"),
      ],
      parameters: #"{"seed":7,"temperature":0.5,"top_p":null,"stop":["\n\n","END"],"max_tokens":100.0}"#)
    #expect(
      try Self.body(call)
        == #"{"model":"m","messages":[{"role":"system","content":"Be \"brief\"."},{"role":"user","content":"Hi\n"},"#
        + #"{"role":"assistant","content":"Hello"},{"role":"user","content":"ö"}],"temperature":0.5,"max_tokens":100,"#
        + #""stop":["\n\n","END"],"seed":7,"stream":true,"stream_options":{"include_usage":true}}"#)
  }

  @Test func asksForOnePiece() throws {
    let call = try Self.call(messages: [], streaming: false)
    #expect(try Self.body(call) == #"{"model":"m","messages":[],"stream":false}"#)
    #expect(try OpenAIDriver().request(for: call).headers.contains { $0 == ("accept", "application/json") })
  }

  @Test func theCredentialIsABearerTokenIfThereIsOne() throws {
    func authorization(_ driver: OpenAIDriver, _ credential: String?) throws -> [String] {
      try driver.wholeRequest(for: Self.call(credential: credential), at: 0).headers
        .filter { $0.name == "authorization" || $0.name == "api-key" }.map { "\($0.name): \($0.value)" }
    }
    #expect(try authorization(OpenAIDriver(), "sk-secret") == ["authorization: Bearer sk-secret"])
    #expect(try authorization(OpenAIDriver(.gateway), "sk-secret") == ["authorization: Bearer sk-secret"])
    #expect(try authorization(OpenAIDriver(.azure), "secret") == ["api-key: secret"])
    #expect(try authorization(OpenAIDriver(), nil) == [])
  }

  @Test(arguments: [
    ("https://api.openai.com/v1", "gpt-4o", "max_completion_tokens"),
    ("https://x.openai.azure.com/openai/v1", "gpt-4o", "max_completion_tokens"),
    ("https://openrouter.ai/api/v1", "openai/o3-mini", "max_completion_tokens"),
    ("http://127.0.0.1:1234/v1", "qwen3", "max_tokens"),
    ("https://api.openai.com.example.net", "gpt-4o", "max_tokens"),
  ])
  func theTokenLimitHasTheNameTheServerKnows(endpoint: String, model: String, name: String) throws {
    let call = try Self.call(endpoint: endpoint, model: model, parameters: #"{"max_tokens":5}"#)
    let document = try JSONDocument(parsing: try OpenAIDriver().request(for: call).body)
    let names = document.root.members.compactMap(\.name.string)
    #expect(names.filter { $0.hasPrefix("max_") } == [name])
  }

  @Test(arguments: [
    ("https://api.openai.com/v1", "https://api.openai.com/v1/chat/completions"),
    ("https://api.openai.com/v1/", "https://api.openai.com/v1/chat/completions"),
    ("http://127.0.0.1:1234", "http://127.0.0.1:1234/v1/chat/completions"),
    ("http://[::1]:1234/", "http://[::1]:1234/v1/chat/completions"),
    ("http://h/a/b?api-version=1", "http://h/a/b/chat/completions?api-version=1"),
    ("http://h?k=a/b", "http://h/v1/chat/completions?k=a/b"),
  ])
  func theURLHasOnePath(endpoint: String, url: String) throws {
    #expect(try OpenAIDriver().request(for: Self.call(endpoint: endpoint)).url == url)
  }

  @Test(arguments: [
    ("https://r.openai.azure.com", "/openai/deployments/my%20model/chat/completions?api-version=2024-10-21"),
    ("https://r.openai.azure.com/?api-version=1", "/openai/deployments/my%20model/chat/completions?api-version=1"),
    ("https://r.openai.azure.com/openai/v1", "/openai/v1/chat/completions"),
  ])
  func azureHasItsDeploymentsInThePath(endpoint: String, path: String) throws {
    let call = try Self.call(endpoint: endpoint, model: "my model")
    #expect(try OpenAIDriver(.azure).request(for: call).url == "https://r.openai.azure.com" + path)
  }

  @Test func azuresVersionComesFromTheRoutesQuery() throws {
    let call = try Self.call(
      endpoint: "https://r.openai.azure.com", overrides: ProviderOverrides(query: #"{"api-version":"2025-01-01"}"#))
    #expect(
      try OpenAIDriver(.azure).wholeRequest(for: call, at: 0).url
        == "https://r.openai.azure.com/openai/deployments/m/chat/completions?api-version=2025-01-01")
  }

  @Test func gatewaysAreWhereTheirDomainIs() throws {
    #expect(
      try OpenAIDriver(.gateway).endpoint(region: "eu", managedDomain: "llm.example.net")
        == "https://eu.llm.example.net")
    #expect(
      try OpenAIDriver(.azure).endpoint(region: "r", managedDomain: "openai.azure.com") == "https://r.openai.azure.com")
    #expect(throws: ProviderError.self) { try OpenAIDriver(.gateway).endpoint(region: nil, managedDomain: nil) }
    #expect(try OpenAIDriver().endpoint(region: nil, managedDomain: nil) == "https://api.openai.com/v1")
  }

  @Test func nothingPrintsSecretsOrWords() throws {
    let call = try Self.call(systemPrompt: "secret prompt", parameters: #"{"stop":"secret stop"}"#)
    let request = try OpenAIDriver().request(for: call)
    var dumped = ""
    dump(call, to: &dumped)
    dump(request, to: &dumped)
    for text in ["\(call)", "\(request)", String(reflecting: call), String(reflecting: request), dumped] {
      #expect(!text.contains("secret"))
    }
  }
}
