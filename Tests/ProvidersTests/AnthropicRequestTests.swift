import Providers
import Testing

@Suite struct AnthropicRequestTests {
  static let hello = [ProviderMessage(role: .user, text: "Hi")]
  static let tool = ProviderTools.Tool(name: "t", description: "d", schema: "{}")

  static func call(
    model: String = "m", systemPrompt: String? = nil, messages: [ProviderMessage] = hello, parameters: String = "{}",
    tools: ProviderTools? = ProviderTools(), showsReasoning: Bool = false
  ) throws -> ProviderCall {
    ProviderCall(
      route: ProviderRoute(endpoint: "https://h", model: model, credential: nil), systemPrompt: systemPrompt,
      messages: messages, parameters: try ProviderParameters(json: parameters), tools: tools,
      showsReasoning: showsReasoning, streaming: true)
  }

  static func body(_ call: ProviderCall) throws -> String {
    String(decoding: try AnthropicDriver().request(for: call).body, as: UTF8.self)
  }

  /// What stands behind the model and before `stream`, the messages left out.
  static func settings(_ call: ProviderCall) throws -> String {
    try body(call).replacing(#""messages":[{"role":"user","content":"Hi"}],"#, with: "")
      .replacing(#"{"model":"\#(call.route.model)","#, with: "").replacing(#","stream":true}"#, with: "")
  }

  @Test(arguments: [
    ("{}", #""max_tokens":4096"#),
    (#"{"max_tokens":7}"#, #""max_tokens":7"#),
    (#"{"stop":"x"}"#, #""max_tokens":4096,"stop_sequences":["x"]"#),
    (#"{"temperature":1,"top_p":0.5}"#, #""max_tokens":4096,"temperature":1,"top_p":0.5"#),
    (#"{"seed":1,"presence_penalty":1,"frequency_penalty":1}"#, #""max_tokens":4096"#),
    (#"{"reasoning_effort":"none","temperature":0.5}"#, #""max_tokens":4096,"temperature":0.5"#),
    (
      #"{"reasoning_effort":"minimal","temperature":0.5,"top_p":0.5}"#,
      #""max_tokens":5120,"thinking":{"type":"enabled","budget_tokens":1024}"#
    ),
    (
      #"{"reasoning_effort":"low","max_tokens":10}"#,
      #""max_tokens":2058,"thinking":{"type":"enabled","budget_tokens":2048}"#
    ),
    (#"{"reasoning_effort":"medium"}"#, #""max_tokens":12288,"thinking":{"type":"enabled","budget_tokens":8192}"#),
    (#"{"reasoning_effort":"high"}"#, #""max_tokens":20480,"thinking":{"type":"enabled","budget_tokens":16384}"#),
    (#"{"reasoning_effort":"xhigh"}"#, #""max_tokens":36864,"thinking":{"type":"enabled","budget_tokens":32768}"#),
    (#"{"response_format":{"type":"text"}}"#, #""max_tokens":4096"#),
    (
      #"{"response_format":{"type":"json_schema","json_schema":{"name":"a","schema":{"type":"object"}}}}"#,
      #""max_tokens":4096,"output_config":{"format":{"type":"json_schema","schema":{"type":"object"}}}"#
    ),
  ])
  func parametersAreInAnthropicsWords(parameters: String, settings: String) throws {
    #expect(try Self.settings(Self.call(parameters: parameters)) == settings)
  }

  @Test(arguments: [
    (#"{"temperature":1.1}"#, "parameters.temperature"),
    (#"{"temperature":1.1,"reasoning_effort":"low"}"#, "parameters.temperature"),
    (#"{"response_format":{"type":"json_object"}}"#, "parameters.response_format"),
  ])
  func whatAnthropicDoesNotTakeIsNamed(parameters: String, key: String) throws {
    let call = try Self.call(parameters: parameters)
    do throws(ProviderError) {
      _ = try AnthropicDriver().request(for: call)
      Issue.record("accepted")
    } catch {
      #expect(error.code == .misconfigured)
      #expect(error.cause.contains(key))
    }
  }

  @Test(arguments: [
    "claude-opus-4-7", "claude-opus-4-8-20260528", "claude-opus-4.7", "claude-sonnet-5", "claude-opus-5-5",
    "us.anthropic.claude-opus-4-7-v1:0", "anthropic/claude-fable-5.1", "claude-mythos-preview", "claude-sonnet-10",
  ])
  func laterModelsTakeAnEffortAndNoSampling(model: String) throws {
    let parameters = #"{"temperature":0.5,"top_p":0.5,"reasoning_effort":"medium"}"#
    let effort = #""output_config":{"effort":"medium"}"#
    #expect(
      try Self.settings(Self.call(model: model, parameters: parameters))
        == #""max_tokens":4096,"thinking":{"type":"adaptive"},\#(effort)"#)
    #expect(
      try Self.settings(Self.call(model: model, parameters: parameters, showsReasoning: true))
        == #""max_tokens":4096,"thinking":{"type":"adaptive","display":"summarized"},\#(effort)"#)
    #expect(try Self.settings(Self.call(model: model, parameters: #"{"top_p":0.5}"#)) == #""max_tokens":4096"#)
  }

  @Test(arguments: ["minimal": "low", "low": "low", "high": "high", "xhigh": "xhigh"])
  func theEffortIsAWordTheyKnow(effort: String, word: String) throws {
    let call = try Self.call(model: "claude-opus-5", parameters: #"{"reasoning_effort":"\#(effort)"}"#)
    #expect(try Self.body(call).contains(#""output_config":{"effort":"\#(word)"}"#))
  }

  @Test(arguments: [
    "claude-opus-4-6", "claude-opus-4-20250514", "claude-3-7-sonnet-20250219", "claude-haiku-4-5@20251001",
    "claude-sonnet-4-5-20250929-v1:0", "claude-instant", "qwen-5",
  ])
  func earlierModelsTakeABudget(model: String) throws {
    let call = try Self.call(model: model, parameters: #"{"reasoning_effort":"low"}"#)
    #expect(
      try Self.settings(call) == #""max_tokens":6144,"thinking":{"type":"enabled","budget_tokens":2048}"#)
  }

  @Test(arguments: [
    (ProviderTools.Choice.auto, true, ""),
    (.auto, false, #","tool_choice":{"type":"auto","disable_parallel_tool_use":true}"#),
    (.required, true, #","tool_choice":{"type":"any"}"#),
    (.tool("t"), true, #","tool_choice":{"type":"tool","name":"t"}"#),
    (.tool("t"), false, #","tool_choice":{"type":"tool","name":"t","disable_parallel_tool_use":true}"#),
  ])
  func toolsAreChosenInAnthropicsWords(choice: ProviderTools.Choice, parallel: Bool, words: String) throws {
    let call = try Self.call(tools: ProviderTools([Self.tool], choice: choice, parallel: parallel))
    let tools = #""tools":[{"name":"t","description":"d","input_schema":{}}]"#
    #expect(try Self.settings(call) == #""max_tokens":4096,\#(tools)\#(words)"#)
  }

  @Test func aCallThatMustUseAToolIsMadeWithoutReasoning() throws {
    let call = try Self.call(
      parameters: #"{"reasoning_effort":"high","temperature":0.5}"#,
      tools: ProviderTools([Self.tool], choice: .required))
    let settings = try Self.settings(call)
    #expect(settings.hasPrefix(#""max_tokens":4096,"temperature":0.5,"#) && !settings.contains("thinking"))
  }

  @Test func messagesOfOneRoleAreOne() throws {
    let call = try Self.call(
      systemPrompt: "Be brief.",
      messages: [
        ProviderMessage(role: .user, text: "a"), ProviderMessage(role: .system, text: "Later."),
        ProviderMessage(role: .user, parts: [.text(" \n"), .image(url: "https://x/\"")]),
        ProviderMessage(role: .assistant, text: ""), ProviderMessage(role: .user, text: "b"),
        ProviderMessage(
          role: .assistant,
          parts: [
            .kept(driver: "anthropic", json: Array(#"{"type":"thinking","signature": "s"}"#.utf8)), .text("c"),
            .kept(driver: "bedrock", json: Array(#"{"x":1}"#.utf8)),
            .toolCall(MessagePart.ToolCall(id: "1", name: "t", arguments: #"{"a": [1.50]}"#)),
            .toolCall(MessagePart.ToolCall(id: "2", name: "t", arguments: "[broken")),
          ]),
        ProviderMessage(role: .tool, parts: [.toolResult(MessagePart.ToolResult(id: "1", name: "t", text: "r"))]),
        ProviderMessage(
          role: .tool,
          parts: [.toolResult(MessagePart.ToolResult(id: "2", name: "t", text: "no", isError: true))]),
        ProviderMessage(role: .user, text: "d"), ProviderMessage(role: .assistant, text: "e"),
      ])
    #expect(
      try Self.body(call)
        == #"{"model":"m","max_tokens":4096,"system":"Be brief.\n\nLater.","messages":[{"role":"user","content":"#
        + #"[{"type":"text","text":"a"},{"type":"image","source":{"type":"url","url":"https://x/\""}},"#
        + #"{"type":"text","text":"b"}]},{"role":"assistant","content":[{"type":"thinking","signature": "s"},"#
        + #"{"type":"text","text":"c"},{"type":"tool_use","id":"1","name":"t","input":{"a":[1.5]}},"#
        + #"{"type":"tool_use","id":"2","name":"t","input":{}}]},{"role":"user","content":["#
        + #"{"type":"tool_result","tool_use_id":"1","content":"r"},"#
        + #"{"type":"tool_result","tool_use_id":"2","content":"no","is_error":true},{"type":"text","text":"d"}]},"#
        + #"{"role":"assistant","content":"e"}],"stream":true}"#)
  }

  @Test func theHeadersAreAnthropics() throws {
    var request = try AnthropicDriver().request(for: Self.call())
    try AnthropicDriver().authorize(&request, with: "sk-ant", at: 0)
    #expect(
      request.headers.map { "\($0.name): \($0.value)" } == [
        "content-type: application/json", "accept: text/event-stream", "anthropic-version: 2023-06-01",
        "x-api-key: sk-ant",
      ])
    #expect(try AnthropicDriver().endpoint(region: nil, managedDomain: nil) == "https://api.anthropic.com/v1")
  }
}
