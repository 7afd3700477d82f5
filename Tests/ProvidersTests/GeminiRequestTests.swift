import Providers
import Testing
import Wire

@Suite struct GeminiRequestTests {
  private static func call(
    model: String = "m", endpoint: String = "http://h", messages: [ProviderMessage] = [], parameters: String = "{}",
    tools: ProviderTools? = nil, showsReasoning: Bool = false, streaming: Bool = false
  ) throws -> ProviderCall {
    ProviderCall(
      route: ProviderRoute(endpoint: endpoint, model: model, credential: nil), messages: messages,
      parameters: try ProviderParameters(json: parameters), tools: tools, showsReasoning: showsReasoning,
      streaming: streaming)
  }

  private static func body(_ call: ProviderCall) throws -> String {
    String(decoding: try GeminiDriver().request(for: call).body, as: UTF8.self)
  }

  private static func parts(_ message: ProviderMessage) throws -> String {
    let body = try Self.body(try call(messages: [message], tools: ProviderTools()))
    let role = message.role == .assistant ? "model" : "user"
    let head = #"{"contents":[{"role":"\#(role)","parts":["#
    #expect(body.hasPrefix(head) && body.hasSuffix("]}]}"))
    return String(body.dropFirst(head.count).dropLast(4))
  }

  @Test(arguments: [
    ("m", "https://g/v1beta", true, "https://g/v1beta/models/m:streamGenerateContent?alt=sse"),
    ("m", "https://g", false, "https://g/v1beta/models/m:generateContent"),
    ("models/m 1", "https://g/v1?k=v", true, "https://g/v1/models/m%201:streamGenerateContent?k=v&alt=sse"),
    ("tunedModels/m", "https://g/", false, "https://g/v1beta/tunedModels/m:generateContent"),
  ])
  func theURLNamesModelAndMethod(model: String, endpoint: String, streaming: Bool, url: String) throws {
    let call = try Self.call(model: model, endpoint: endpoint, streaming: streaming)
    #expect(try GeminiDriver().request(for: call).url == url)
  }

  @Test(arguments: [
    (
      #"{"seed":7,"presence_penalty":1,"frequency_penalty":-1,"stop":"x"}"#,
      #""stopSequences":["x"],"seed":7,"presencePenalty":1,"frequencyPenalty":-1"#
    ),
    (#"{"response_format":{"type":"json_object"}}"#, #""responseMimeType":"application/json""#),
    (
      #"{"response_format":{"type":"json_schema","json_schema":{"name":"a","schema":{"type":"object"}}}}"#,
      #""responseMimeType":"application/json","responseJsonSchema":{"type":"object"}"#
    ),
  ])
  func parametersHaveGeminisNames(parameters: String, members: String) throws {
    #expect(
      try Self.body(try Self.call(parameters: parameters)) == #"{"contents":[],"generationConfig":{\#(members)}}"#)
  }

  @Test(arguments: [
    ("gemini-2.5-flash", "none", #""thinkingBudget":0"#), ("gemini-2.5-pro", "none", #""thinkingBudget":128"#),
    ("gemini-2.5-flash-lite", "low", #""thinkingBudget":1024"#),
    ("models/gemini-2.5-pro", "medium", #""thinkingBudget":8192"#),
    ("gemini-2.5-pro", "high", #""thinkingBudget":24576"#), ("gemini-3-flash", "none", #""thinkingLevel":"minimal""#),
    ("gemini-3.1-pro", "minimal", #""thinkingLevel":"low""#),
    ("gemini-3-flash", "medium", #""thinkingLevel":"medium""#),
    ("gemini-3-pro-preview", "medium", #""thinkingLevel":"high""#), ("gemini-4", "xhigh", #""thinkingLevel":"high""#),
  ])
  func howHardToThinkIsABudgetOrALevel(model: String, effort: String, member: String) throws {
    let call = try Self.call(model: model, parameters: #"{"reasoning_effort":"\#(effort)"}"#, showsReasoning: true)
    #expect(
      try Self.body(call)
        == #"{"contents":[],"generationConfig":{"thinkingConfig":{"includeThoughts":true,\#(member)}}}"#)
  }

  @Test func thoughtsAreAskedForWhereTheyAreShown() throws {
    #expect(
      try Self.body(try Self.call(showsReasoning: true))
        == #"{"contents":[],"generationConfig":{"thinkingConfig":{"includeThoughts":true}}}"#)
  }

  @Test func theSystemSpeaksInOnePlaceAndOthersTakeTurns() throws {
    let messages = [
      ProviderMessage(role: .system, text: "Be brief."), ProviderMessage(role: .user, text: "a"),
      ProviderMessage(role: .user, text: "b"), ProviderMessage(role: .assistant, text: ""),
      ProviderMessage(role: .user, text: "c"), ProviderMessage(role: .assistant, text: "d"),
    ]
    #expect(
      try Self.body(try Self.call(messages: messages))
        == #"{"systemInstruction":{"parts":[{"text":"Be brief."}]},"contents":[{"role":"user","parts":[{"text":"a"},"#
        + #"{"text":"b"},{"text":"c"}]},{"role":"model","parts":[{"text":"d"}]}]}"#)
  }

  /// Each answer as it streams, and its parts in the next round.
  @Test(arguments: [
    (
      "signed_text.sse",
      #"{"text":"A "},{"text":"\"B\"","thoughtSignature":"s/1="},{"text":"C"},{"text":"D","thoughtSignature":"s2"}"#
    ),
    ("signed_end.sse", #"{"text":"All"},{"text":"","thoughtSignature":"s3"}"#),
    (
      "signed_only.sse",
      #"{"text":"Hm","thought":true,"thoughtSignature":"s4"},{"text":"","thoughtSignature":"s5"},"#
        + #"{"executableCode":{"language":"PYTHON","code":"1"},"thoughtSignature":"s6"},{"text":"x"}"#
    ),
    (
      "tool_calls_apart.sse",
      #"{"functionCall":{"id":"8f2b1a3c","name":"one","args":{"a":1}},"thoughtSignature":"sigA"},"#
        + #"{"functionCall":{"id":"9c3d","name":"two","args":{}}}"#
    ),
  ])
  func signedPartsGoBackAsTheyCame(file: String, parts: String) throws {
    var answer = AnswerMessage(driver: "gemini")
    var decoder = GeminiDriver().decoder(streaming: true)
    try Fixture("gemini/\(file)").bytes.withUnsafeBytes { try decoder.feed($0, to: &answer) }
    try decoder.finish(to: &answer)
    #expect(try Self.parts(answer.message) == parts)
  }

  @Test func aTextThatIsNotTheSignedOneStaysWhole() throws {
    let message = ProviderMessage(
      role: .assistant,
      parts: [.text("abc"), .kept(driver: "gemini", json: Array(#"{"text":"x","thoughtSignature":"s"}"#.utf8))])
    #expect(try Self.parts(message) == #"{"text":"abc"},{"text":"x","thoughtSignature":"s"}"#)
  }

  @Test func aTextThatIsAllSignedIsOnePart() throws {
    let signed = #"{"text":"abc","thoughtSignature":"s"}"#
    let message = ProviderMessage(
      role: .assistant, parts: [.text("abc"), .kept(driver: "gemini", json: Array(signed.utf8))])
    #expect(try Self.parts(message) == signed)
  }

  @Test func aFailedToolSaysSo() throws {
    let result = MessagePart.ToolResult(id: "a", name: "f", text: "no", isError: true)
    #expect(
      try Self.parts(ProviderMessage(role: .tool, parts: [.toolResult(result)]))
        == #"{"functionResponse":{"id":"a","name":"f","response":{"error":"no"}}}"#)
  }

  @Test(arguments: [
    (ProviderTools.Choice.required, #"{"mode":"ANY"}"#),
    (.tool("f"), #"{"mode":"ANY","allowedFunctionNames":["f"]}"#),
  ])
  func theChoiceOfToolsIsAMode(choice: ProviderTools.Choice, config: String) throws {
    let tool = ProviderTools.Tool(name: "f", description: "d", schema: "{}")
    #expect(
      try Self.body(try Self.call(tools: ProviderTools([tool], choice: choice)))
        == #"{"contents":[],"tools":[{"functionDeclarations":[{"name":"f","description":"d","parametersJsonSchema":{}}]}],"#
        + #""toolConfig":{"functionCallingConfig":\#(config)}}"#)
  }

  @Test func anImageByURLIsRefused() {
    let message = ProviderMessage(role: .user, parts: [.image(url: "https://example.org/a.png")])
    do {
      _ = try Self.body(try Self.call(messages: [message]))
      Issue.record("accepted")
    } catch {
      #expect((error as? ProviderError)?.code == .refused)
    }
  }
}
