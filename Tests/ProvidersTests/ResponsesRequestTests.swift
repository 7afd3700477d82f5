import Providers
import Testing

@Suite struct ResponsesRequestTests {
  private static func body(
    model: String = "m", messages: [ProviderMessage] = [], parameters: String = "{}", tools: ProviderTools? = nil,
    showsReasoning: Bool = false
  ) throws -> String {
    let call = ProviderCall(
      route: ProviderRoute(endpoint: "http://h", model: model, credential: nil), messages: messages,
      parameters: try ProviderParameters(json: parameters), tools: tools, showsReasoning: showsReasoning,
      streaming: false)
    return String(decoding: try ResponsesDriver().request(for: call).body, as: UTF8.self)
  }

  private static let end = #""store":false,"include":["reasoning.encrypted_content"],"stream":false}"#

  @Test(arguments: [
    (#"{"seed":7,"presence_penalty":1,"frequency_penalty":-1,"max_tokens":16}"#, #""max_output_tokens":16,"#),
    (#"{"reasoning_effort":"high"}"#, #""reasoning":{"effort":"high"},"#),
    (#"{"response_format":{"type":"json_object"}}"#, #""text":{"format":{"type":"json_object"}},"#),
    (
      #"{"response_format":{"type":"json_schema","json_schema":{"name":"a","strict":true,"schema":{"type":"object"}}}}"#,
      #""text":{"format":{"type":"json_schema","name":"a","strict":true,"schema":{"type":"object"}}},"#
    ),
  ])
  func parametersHaveTheirNamesHere(parameters: String, members: String) throws {
    #expect(try Self.body(parameters: parameters) == #"{"model":"m","input":[],"# + members + Self.end)
  }

  @Test func stopSequencesCannotBeSent() {
    do {
      _ = try Self.body(parameters: #"{"stop":"x"}"#)
      Issue.record("accepted")
    } catch {
      let error = error as? ProviderError
      #expect(error?.code == .misconfigured && error?.cause.contains("parameters.stop") == true)
    }
  }

  @Test func aSummaryIsAskedForWhereReasoningIsShown() throws {
    #expect(
      try Self.body(parameters: #"{"reasoning_effort":"low"}"#, showsReasoning: true)
        == #"{"model":"m","input":[],"reasoning":{"effort":"low","summary":"auto"},"# + Self.end)
  }

  @Test(arguments: [
    ("gpt-4o-mini", false), ("openai/gpt-4.1", false), ("gpt-5-chat-latest", false), ("gpt-5", true), ("o3", true),
  ])
  func onlyModelsThatReasonAreAskedForIt(model: String, asked: Bool) throws {
    #expect(try Self.body(model: model).contains("encrypted_content") == asked)
  }

  @Test func everyItemKeepsItsPlace() throws {
    let message = ProviderMessage(
      role: .assistant,
      parts: [
        .kept(driver: "responses", json: Array(#"{"type":"reasoning","id":"rs_1"}"#.utf8)), .text("a"), .text("b"),
        .kept(driver: "responses", json: Array(#"{"type":"reasoning","id":"rs_2"}"#.utf8)),
        .kept(driver: "gemini", json: Array("1".utf8)),
        .toolCall(MessagePart.ToolCall(id: "c", name: "f", arguments: "{}")), .text("d"),
      ])
    #expect(
      try Self.body(messages: [message], tools: ProviderTools())
        == #"{"model":"m","input":[{"type":"reasoning","id":"rs_1"},{"type":"message","role":"assistant","content":"#
        + #"[{"type":"output_text","text":"a"},{"type":"output_text","text":"b"}]},{"type":"reasoning","id":"rs_2"},"#
        + #"{"type":"function_call","call_id":"c","name":"f","arguments":"{}"},{"type":"message","role":"assistant","#
        + #""content":[{"type":"output_text","text":"d"}]}],"# + Self.end)
  }

  @Test func theChoiceOfToolsHasItsOwnForm() throws {
    let tool = ProviderTools.Tool(name: "f", description: "d", schema: "{}")
    let tools = #""tools":[{"type":"function","name":"f","description":"d","parameters":{},"strict":false}],"#
    #expect(
      try Self.body(tools: ProviderTools([tool], choice: .tool("f"), parallel: false))
        == #"{"model":"m","input":[],"# + tools
        + #""tool_choice":{"type":"function","name":"f"},"parallel_tool_calls":false,"# + Self.end)
    #expect(
      try Self.body(tools: ProviderTools([tool], choice: .required))
        == #"{"model":"m","input":[],"# + tools + #""tool_choice":"required","# + Self.end)
  }

  @Test func anImageByURLIsTheProvidersToFetch() throws {
    let message = ProviderMessage(role: .user, parts: [.image(url: "https://example.org/a.png")])
    #expect(
      try Self.body(messages: [message]).contains(
        #"[{"type":"input_image","image_url":"https://example.org/a.png"}]"#))
  }
}
