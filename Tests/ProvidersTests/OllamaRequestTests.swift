import Providers
import Testing

@Suite struct OllamaRequestTests {
  private static func body(
    model: String = "m", messages: [ProviderMessage] = [], parameters: String = "{}", tools: ProviderTools? = nil,
    streaming: Bool = true
  ) throws -> String {
    let call = ProviderCall(
      route: ProviderRoute(endpoint: "http://h", model: model, credential: nil), messages: messages,
      parameters: try ProviderParameters(json: parameters), tools: tools, streaming: streaming)
    return String(decoding: try OllamaDriver().request(for: call).body, as: UTF8.self)
  }

  @Test(arguments: [
    (
      #"{"seed":7,"presence_penalty":1,"frequency_penalty":-1,"stop":"x"}"#,
      #""options":{"stop":["x"],"seed":7,"presence_penalty":1,"frequency_penalty":-1}"#
    ),
    (#"{"response_format":{"type":"json_object"}}"#, #""format":"json""#),
    (
      #"{"response_format":{"type":"json_schema","json_schema":{"name":"a","schema":{"type":"object"}}}}"#,
      #""format":{"type":"object"}"#
    ),
    (#"{"reasoning_effort":"none"}"#, #""think":false"#),
    (#"{"reasoning_effort":"low"}"#, #""think":true"#),
  ])
  func parametersHaveOllamasNames(parameters: String, members: String) throws {
    #expect(try Self.body(parameters: parameters) == #"{"model":"m","messages":[],\#(members),"stream":true}"#)
  }

  @Test(arguments: [
    ("none", "false"), ("minimal", #""low""#), ("low", #""low""#), ("medium", #""medium""#), ("xhigh", #""high""#),
  ])
  func onlyGptOssKnowsLevelsOfThinking(effort: String, think: String) throws {
    for model in ["gpt-oss:20b", "team/gpt-oss"] {
      let body = try Self.body(model: model, parameters: #"{"reasoning_effort":"\#(effort)"}"#)
      #expect(body == #"{"model":"\#(model)","messages":[],"think":\#(think),"stream":true}"#)
    }
  }

  @Test func whatTheModelThoughtGoesBackWithItsCalls() throws {
    let message = ProviderMessage(
      role: .assistant,
      parts: [
        .kept(driver: "ollama", json: Array(#""I must \"look\".""#.utf8)),
        .toolCall(MessagePart.ToolCall(id: "a", name: "f", arguments: #"{ "x": 1 }"#)),
        .toolCall(MessagePart.ToolCall(id: "b", name: "f", arguments: #"{"x":"#)),
      ])
    #expect(
      try Self.body(messages: [message], tools: ProviderTools(), streaming: false)
        == #"{"model":"m","messages":[{"role":"assistant","content":"","thinking":"I must \"look\".","tool_calls":["#
        + #"{"id":"a","function":{"name":"f","arguments":{"x":1}}},{"id":"b","function":{"name":"f","arguments":{}}}]}],"#
        + #""stream":false}"#)
  }

  @Test func theToolThatMustBeCalledIsTheOnlyOne() throws {
    let list = ["a", "b"].map { ProviderTools.Tool(name: $0, description: "", schema: "{}") }
    let body = try Self.body(tools: ProviderTools(list, choice: .tool("b")))
    #expect(body.contains(#""name":"b""#) && !body.contains(#""name":"a""#))
  }

  @Test func anImageByURLIsRefused() {
    let message = ProviderMessage(role: .user, parts: [.image(url: "https://example.org/a.png")])
    do {
      _ = try Self.body(messages: [message])
      Issue.record("accepted")
    } catch {
      #expect((error as? ProviderError)?.code == .refused)
    }
  }

  @Test func theServerIsThisMachinesUnlessTheRouteSaysOtherwise() throws {
    #expect(try OllamaDriver().endpoint(region: nil, managedDomain: nil) == "http://127.0.0.1:11434")
    #expect(try OllamaDriver().endpoint(region: "https://ollama.com", managedDomain: nil) == "https://ollama.com")
  }
}
