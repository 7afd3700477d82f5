import Providers
import Testing
import Wire

@testable import Service

@Suite struct CompletionRequestTests {
  private func read(_ json: String) throws -> CompletionRequest { try CompletionRequest(Array(json.utf8)) }

  private func read(messages: String, _ more: String = "") throws -> CompletionRequest {
    try read(#"{"model":"m","messages":[\#(messages)]\#(more)}"#)
  }

  private static let hello = #"{"role":"user","content":"Hi"}"#

  @Test func modelAndMessageAreEnough() throws {
    let request = try read(messages: Self.hello)
    #expect(request.model == "m" && !request.streams && !request.includesUsage)
    #expect(request.brought.messages == [ProviderMessage(role: .user, text: "Hi")])
    #expect(request.brought.tools.list.isEmpty)
    #expect(String(decoding: request.parts, as: UTF8.self) == #"[{"type":"text","text":"Hi"}]"#)
    #expect(String(decoding: request.metadata, as: UTF8.self) == "{}")
    #expect(request.estimatedTokens == 1)
  }

  @Test func whatIsNullIsAbsent() throws {
    let nulls = ["stream", "tools", "tool_choice", "n", "audio", "temperature", "metadata", "stream_options"]
    let request = try read(messages: Self.hello, nulls.map { #","\#($0)":null"# }.joined())
    #expect(request.hash == (try read(messages: Self.hello).hash))
  }

  /// As OpenAI's libraries give an answer back: with all the members that they know.
  @Test func resultsOfCallsAreOneMessage() throws {
    let call = #"{"id":"c1","type":"function","function":{"name":"open","arguments":"{}"}}"#
    let other = #"{"id":"c2","type":"function","function":{"name":"close","arguments":"{\"a\":1}"}}"#
    let request = try read(
      messages: """
        \(Self.hello),
        {"role":"assistant","content":null,"refusal":null,"audio":null,"function_call":null,"annotations":[],
         "tool_calls":[\(call),\(other)]},
        {"role":"tool","tool_call_id":"c2","content":"shut"},
        {"role":"tool","tool_call_id":"c1","content":[{"type":"text","text":"op"},{"type":"text","text":"en"}]}
        """)
    #expect(
      request.brought.messages.dropFirst() == [
        ProviderMessage(
          role: .assistant,
          parts: [
            .toolCall(MessagePart.ToolCall(id: "c1", name: "open", arguments: "{}")),
            .toolCall(MessagePart.ToolCall(id: "c2", name: "close", arguments: #"{"a":1}"#)),
          ]),
        ProviderMessage(
          role: .tool,
          parts: [
            .toolResult(MessagePart.ToolResult(id: "c2", name: "close", text: "shut")),
            .toolResult(MessagePart.ToolResult(id: "c1", name: "open", text: "open")),
          ]),
      ])
    // The conversation shows what the user said.
    #expect(String(decoding: request.parts, as: UTF8.self) == #"[{"type":"text","text":"Hi"}]"#)
  }

  @Test func theNewerNameOfTheTokenLimitCounts() throws {
    let request = try read(messages: Self.hello, #","max_tokens":7,"max_completion_tokens":5"#)
    #expect(request.brought.parameters.json == #"{"max_tokens":5}"#)
  }

  @Test func toolsHaveASchemaAndAChoice() throws {
    let tools = #","tools":[{"type":"function","function":{"name":"a"}},{"type":"function","function":{"name":"b"}}]"#
    let plain = try read(messages: Self.hello, tools).brought.tools
    #expect(plain.list.map(\.name) == ["a", "b"] && plain.choice == .auto && plain.parallel)
    #expect(plain.list.first?.schema == #"{"type":"object","properties":{}}"#)
    let chosen = #"\#(tools),"tool_choice":{"type":"function","function":{"name":"b"}}"#
    #expect(try read(messages: Self.hello, chosen).brought.tools.choice == .tool("b"))
    #expect(try read(messages: Self.hello, #"\#(tools),"tool_choice":"none""#).brought.tools.list.isEmpty)
  }

  @Test func onlyWhatChangesTheAnswerMakesAnotherRequest() throws {
    let hash = try read(messages: Self.hello).hash
    #expect(try read(messages: Self.hello, #","stream":true,"stream_options":{"include_usage":true}"#).hash == hash)
    #expect(try read(messages: Self.hello, #","temperature":1"#).hash != hash)
    let ordinary = try StartRequest(Array(#"{"model":"m","message":"Hi"}"#.utf8)).hash
    #expect(ordinary != hash)
  }

  @Test func noNULGoesToTheDatabase() throws {
    let text = #"{"role":"user","content":"a\u0000b"}"#
    let request = try read(messages: text, #","metadata":{"k\u0000":"v\u0000"}"#)
    for json in [request.parts, request.metadata, request.brought.json] {
      #expect(!String(decoding: json, as: UTF8.self).contains(#"\u0000"#))
    }
  }

  @Test(arguments: [
    (#"{"model":"m","messages":[],"model":"n"}"#, nil), (#"{"model":"m"}"#, "messages"),
    (#"{"model":"","messages":[{"role":"user","content":"a"}]}"#, "model"),
    (#"{"model":"m","messages":[{"role":"user","content":"a"}],"top_k":1}"#, "top_k"),
    (#"{"model":"m","messages":[{"role":"user","content":"a"}],"n":2}"#, "n"),
    (#"{"model":"m","messages":[{"role":"user","content":[]}]}"#, "messages[0].content"),
    (
      #"{"model":"m","messages":[{"role":"user","content":"a"}],"tools":[{"type":"function"}]}"#,
      "tools[0].function.name"
    ),
    (
      #"{"model":"m","messages":[{"role":"user","content":"a"},{"role":"assistant","tool_calls":[{"id":"x"}]}]}"#,
      "messages[1].tool_calls[0]"
    ),
  ])
  func whatIsAtFaultIsNamed(_ wrong: (json: String, param: String?)) {
    let refusal = #expect(throws: Refusal.self) { try read(wrong.json) }
    #expect(refusal?.param == wrong.param)
    #expect(refusal.map { OpenAIError($0).status } == 400)
  }

  @Test func thereIsABoundForEverythingCounted() {
    let many = Array(repeating: Self.hello, count: CompletionMessages.most)
    #expect(throws: Never.self) { try read(messages: many.joined(separator: ",")) }
    #expect(throws: Refusal.self) { try read(messages: (many + [Self.hello]).joined(separator: ",")) }
  }
}
