import Providers
import Testing
import Wire

@Suite struct OpenAIRequestTests {
  static func call(
    endpoint: String = "http://127.0.0.1:1234", model: String = "m", credential: String? = "sk-secret",
    overrides: String? = nil, systemPrompt: String? = nil,
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
    func authorization(_ credential: String?) throws -> [String] {
      try OpenAIDriver().request(for: Self.call(credential: credential)).headers
        .filter { $0.name == "authorization" }.map(\.value)
    }
    #expect(try authorization("sk-secret") == ["Bearer sk-secret"])
    #expect(try authorization(nil) == [])
    for bad in ["", "a\r\nx-injected: 1", "a b", "ä"] {
      #expect(throws: ProviderError.self) { try authorization(bad) }
    }
  }

  @Test func overridesReplaceAndAdd() throws {
    let overrides = #"{"temperature":1,"stream_options":null,"provider":{"order":["a"]},"model":"other","x":1,"x":2}"#
    let call = try Self.call(overrides: overrides, messages: [], parameters: #"{"temperature":0.5,"seed":1}"#)
    #expect(
      try Self.body(call)
        == #"{"messages":[],"seed":1,"stream":true,"temperature":1,"stream_options":null,"provider":{"order":["a"]},"#
        + #""model":"other","x":2}"#)
  }

  @Test(arguments: ["[]", "{", "", #"{"stream":false}"#])
  func badOverridesAreNamed(_ overrides: String) throws {
    let call = try Self.call(overrides: overrides)
    do throws(ProviderError) {
      _ = try OpenAIDriver().request(for: call)
      Issue.record("accepted")
    } catch {
      #expect(error.code == .misconfigured)
      #expect(error.cause.hasPrefix("overrides"))
    }
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
    "", "h", "ftp://h", "http://", "http:///v1", "http://u:p@h", "http://h/ x", "http://h/\r\n", "http://h#f",
  ])
  func anEndpointThatIsNoneIsRefused(_ endpoint: String) throws {
    let call = try Self.call(endpoint: endpoint)
    #expect(throws: ProviderError.self) { try OpenAIDriver().request(for: call) }
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

  @Test func theRegistryKnowsTheDriver() {
    #expect(ProviderRegistry.driver(named: "openai") is OpenAIDriver)
    #expect(ProviderRegistry.driver(named: "nobody") == nil)
  }
}
