import Providers
import Testing
import Wire

@Suite struct BedrockRequestTests {
  static func call(
    endpoint: String = "https://h", model: String = "m", messages: [ProviderMessage] = AnthropicRequestTests.hello,
    parameters: String = "{}", tools: ProviderTools? = ProviderTools(), showsReasoning: Bool = false,
    streaming: Bool = true
  ) throws -> ProviderCall {
    ProviderCall(
      route: ProviderRoute(endpoint: endpoint, model: model, credential: nil), messages: messages,
      parameters: try ProviderParameters(json: parameters), tools: tools, showsReasoning: showsReasoning,
      streaming: streaming)
  }

  static func body(_ call: ProviderCall) throws -> String {
    String(decoding: try BedrockDriver().request(for: call).body, as: UTF8.self)
  }

  /// What stands behind the messages.
  static func settings(_ call: ProviderCall) throws -> String {
    try body(call).replacing(#"{"messages":[{"role":"user","content":[{"text":"Hi"}]}]"#, with: "")
  }

  @Test(arguments: [
    ("us-east-1", nil, "https://bedrock-runtime.us-east-1.amazonaws.com"),
    ("us-east-1", "", "https://bedrock-runtime.us-east-1.amazonaws.com"),
    ("eu-central-1", "llm.example.net", "https://eu-central-1.llm.example.net"),
    ("https://vpce-1.bedrock-runtime.us-east-1.vpce.amazonaws.com", "x", nil),
    ("http://127.0.0.1:9/x", nil, nil),
  ])
  func theEndpointIsWhereTheRegionIs(region: String, domain: String?, endpoint: String?) throws {
    #expect(try BedrockDriver().endpoint(region: region, managedDomain: domain) == endpoint ?? region)
  }

  @Test(arguments: [(nil, nil), ("", nil), (nil, "llm.example.net"), ("us east", nil), ("a/b", "d")])
  func noRegionIsNoEndpoint(region: String?, domain: String?) {
    do throws(ProviderError) {
      _ = try BedrockDriver().endpoint(region: region, managedDomain: domain)
      Issue.record("accepted")
    } catch {
      #expect(error.code == .misconfigured && error.cause.contains("region"))
    }
  }

  @Test func theModelIsInThePath() throws {
    func url(_ model: String, streaming: Bool = true) throws -> String {
      try BedrockDriver().request(for: Self.call(endpoint: "https://h/base/?a=b", model: model, streaming: streaming))
        .url
    }
    #expect(try url("us.amazon.nova-pro-v1:0") == "https://h/base/model/us.amazon.nova-pro-v1%3A0/converse-stream?a=b")
    #expect(
      try url("arn:aws:bedrock:eu-west-1:1:inference-profile/x", streaming: false)
        == "https://h/base/model/arn%3Aaws%3Abedrock%3Aeu-west-1%3A1%3Ainference-profile%2Fx/converse?a=b")
    let accept = try BedrockDriver().request(for: Self.call()).headers.last
    #expect(accept?.value == "application/vnd.amazon.eventstream")
  }

  static let claude = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
  static let laterClaude = "global.anthropic.claude-opus-4-7"

  @Test(arguments: [
    ("m", "{}", ""),
    ("m", #"{"max_tokens":7}"#, #","inferenceConfig":{"maxTokens":7}"#),
    ("m", #"{"stop":"x","temperature":1,"seed":1}"#, #","inferenceConfig":{"temperature":1,"stopSequences":["x"]}"#),
    ("m", #"{"reasoning_effort":"none"}"#, ""),
    (
      "openai.gpt-oss-120b-1:0", #"{"reasoning_effort":"low","top_p":0.5}"#,
      #","inferenceConfig":{"topP":0.5},"additionalModelRequestFields":{"reasoning_effort":"low"}"#
    ),
    (
      claude, #"{"reasoning_effort":"low","top_p":0.5,"temperature":0.5}"#,
      #","inferenceConfig":{"maxTokens":6144},"additionalModelRequestFields":{"thinking":"#
        + #"{"type":"enabled","budget_tokens":2048}}"#
    ),
    (
      claude, #"{"reasoning_effort":"high","max_tokens":100}"#,
      #","inferenceConfig":{"maxTokens":16484},"additionalModelRequestFields":{"thinking":"#
        + #"{"type":"enabled","budget_tokens":16384}}"#
    ),
    (
      laterClaude, #"{"reasoning_effort":"xhigh","max_tokens":100,"temperature":0.5}"#,
      #","inferenceConfig":{"maxTokens":100},"additionalModelRequestFields":{"thinking":"#
        + #"{"type":"adaptive","display":"summarized"},"output_config":{"effort":"xhigh"}}"#
    ),
    (claude, #"{"top_p":0.5}"#, #","inferenceConfig":{"topP":0.5}"#),
    (laterClaude, #"{"top_p":0.5}"#, ""),
    ("m", #"{"response_format":{"type":"text"}}"#, ""),
    (
      "m", #"{"response_format":{"type":"json_schema","json_schema":{"name":"a","schema":{"type":"object"}}}}"#,
      #","outputConfig":{"textFormat":{"type":"json_schema","structure":{"jsonSchema":{"schema":"#
        + #""{\"type\":\"object\"}","name":"a"}}}}"#
    ),
  ])
  func parametersAreInBedrocksWords(model: String, parameters: String, settings: String) throws {
    #expect(
      try Self.settings(Self.call(model: model, parameters: parameters, showsReasoning: true)) == settings + "}")
  }

  @Test(arguments: [
    (#"{"temperature":1.1}"#, "parameters.temperature"),
    (#"{"response_format":{"type":"json_object"}}"#, "parameters.response_format"),
  ])
  func whatBedrockDoesNotTakeIsNamed(parameters: String, key: String) throws {
    let call = try Self.call(parameters: parameters)
    do throws(ProviderError) {
      _ = try BedrockDriver().request(for: call)
      Issue.record("accepted")
    } catch {
      #expect(error.code == .misconfigured && error.cause.contains(key))
    }
  }

  @Test(arguments: [
    (ProviderTools.Choice.auto, ""), (.required, #","toolChoice":{"any":{}}"#),
    (.tool("t"), #","toolChoice":{"tool":{"name":"t"}}"#),
  ])
  func toolsAreChosenInBedrocksWords(choice: ProviderTools.Choice, words: String) throws {
    let tool = ProviderTools.Tool(name: "t", description: "", schema: #"{"type":"object"}"#)
    let call = try Self.call(tools: ProviderTools([tool], choice: choice, parallel: false))
    let tools = #""tools":[{"toolSpec":{"name":"t","inputSchema":{"json":{"type":"object"}}}}]"#
    #expect(try Self.settings(call) == #","toolConfig":{\#(tools)\#(words)}}"#)
  }

  static let round = [
    ProviderMessage(role: .user, text: "a"),
    ProviderMessage(
      role: .assistant,
      parts: [
        .kept(driver: "bedrock", json: Array(#"{"reasoningContent":{"x": 1}}"#.utf8)), .text("b"),
        .toolCall(MessagePart.ToolCall(id: "1", name: "t", arguments: "{}")),
      ]),
    ProviderMessage(
      role: .tool, parts: [.toolResult(MessagePart.ToolResult(id: "1", name: "t", text: "no", isError: true))]),
    ProviderMessage(role: .user, text: "c"),
  ]

  @Test func whatWasKeptGoesBackInItsPlace() throws {
    let call = try Self.call(messages: Self.round, tools: ProviderTools([AnthropicRequestTests.tool]))
    #expect(
      try Self.body(call).hasPrefix(
        #"{"messages":[{"role":"user","content":[{"text":"a"}]},{"role":"assistant","content":["#
          + #"{"reasoningContent":{"x": 1}},{"text":"b"},{"toolUse":{"toolUseId":"1","name":"t","input":{}}}]},"#
          + #"{"role":"user","content":[{"toolResult":{"toolUseId":"1","content":[{"text":"no"}],"status":"error"}},"#
          + #"{"text":"c"}]}],"#))
  }

  @Test func withoutToolsNoMessageSpeaksOfThem() throws {
    #expect(
      try Self.body(Self.call(messages: Self.round))
        == #"{"messages":[{"role":"user","content":[{"text":"a"}]},{"role":"assistant","content":[{"text":"b"}]},"#
        + #"{"role":"user","content":[{"text":"c"}]}]}"#)
  }

  @Test(arguments: ["image/png": "png", "image/JPEG": "jpeg", "image/gif": "gif", "image/webp": "webp"])
  func imagesHaveAFormat(mediaType: String, format: String) throws {
    let message = ProviderMessage(role: .user, parts: [.imageData(mediaType: mediaType, data: "aGk=")])
    #expect(
      try Self.body(Self.call(messages: [message]))
        == #"{"messages":[{"role":"user","content":[{"image":{"format":"\#(format)","source":{"bytes":"aGk="}}}]}]}"#)
  }

  @Test(arguments: [
    MessagePart.image(url: "https://secret"), .imageData(mediaType: "image/svg+xml", data: "secret"),
  ])
  func anImageThatBedrockTakesNotIsRefused(_ part: MessagePart) throws {
    let call = try Self.call(messages: [ProviderMessage(role: .user, parts: [part])])
    do throws(ProviderError) {
      _ = try BedrockDriver().request(for: call)
      Issue.record("accepted")
    } catch {
      #expect(error.code == .refused && !error.cause.contains("secret"))
    }
  }
}
