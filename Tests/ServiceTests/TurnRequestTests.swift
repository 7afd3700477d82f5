import Chat
import Providers
@testable import Store
import Testing

@testable import Service

/// What goes to the provider: of the conversation, or of a request that brings its own.
@Suite struct TurnRequestTests {
  private func plan(usesTools: Bool = true, parameters: String = "{}") -> StartStore.Plan {
    StartStore.Plan(
      model: "m", streams: true, usesTools: usesTools, systemPrompt: nil, prefixPrompt: nil, parameters: parameters,
      durability: .commit, reasoning: "hidden", retryBudget: 0, pace: 250, chunking: .immediate, abandonAfter: nil,
      restarts: false, tools: nil, tokens: nil, routes: [])
  }

  private let history = [StartStore.Message(role: "user", parts: Array(#"[{"type":"text","text":"Hi"}]"#.utf8))]

  private static let schema = #"{"type":"object","properties":{"why":{},"a":{}}}"#

  private func brought(_ choice: ProviderTools.Choice = .auto) throws -> BroughtRequest {
    let call = MessagePart.ToolCall(id: "c", name: "open", arguments: #"{"why":"\u0000"}"#)
    return BroughtRequest(
      messages: [
        ProviderMessage(role: .system, text: "Be brief."), ProviderMessage(role: .user, text: "Open"),
        ProviderMessage(role: .assistant, parts: [.toolCall(call)]),
        ProviderMessage(role: .tool, parts: [.toolResult(MessagePart.ToolResult(id: "c", name: "open", text: "x"))]),
      ],
      tools: ProviderTools(
        [ProviderTools.Tool(name: "open", description: "Opens", schema: Self.schema, isStrict: true)], choice: choice,
        parallel: false),
      parameters: try ProviderParameters(json: #"{"temperature":1}"#))
  }

  @Test func aConversationIsTheHistory() throws {
    let request = try TurnRequest(plan: plan(parameters: #"{"seed":1}"#), history: history)
    #expect(request.messages == [ProviderMessage(role: .user, text: "Hi")])
    #expect(request.tools?.list.isEmpty == true)
    #expect(request.parameters.json == #"{"seed":1}"#)
    #expect(try TurnRequest(plan: plan(usesTools: false), history: history).tools == nil)
  }

  @Test(arguments: [ProviderTools.Choice.auto, .required, .tool("open")])
  func whatIsStoredIsWhatWasBrought(_ choice: ProviderTools.Choice) throws {
    let brought = try brought(choice)
    let request = try TurnRequest(
      plan: plan(parameters: #"{"seed":1,"temperature":0}"#), history: history, brought: brought.json)
    #expect(request.messages == brought.messages)
    let tools = try #require(request.tools)
    #expect(tools.choice == choice && !tools.parallel && !tools.list.isEmpty)
    let tool = try #require(tools.list.first)
    #expect(tool.name == "open" && tool.description == "Opens" && tool.isStrict)
    // In this order the model fills it in.
    #expect(tool.schema == Self.schema)
    #expect(request.parameters.json == #"{"temperature":1,"seed":1}"#)
  }

  @Test func aModelWithoutToolsHearsOfNone() throws {
    let request = try TurnRequest(plan: plan(usesTools: false), history: [], brought: try brought().json)
    #expect(request.tools == nil)
  }

  /// `jsonb` cannot hold it.
  @Test func noNULIsStored() throws {
    let json = String(decoding: try brought().json, as: UTF8.self)
    #expect(!json.contains(#"[^\\]\u0000"#))
    #expect(json.contains(#"{\"why\":\"\\u0000\"}"#))
  }

  @Test func aSchemaMayBeLong() throws {
    let properties = (0..<5_000).map { #""property_\#($0)":{"type":"string"}"# }.joined(separator: ",")
    let form = #"{"type":"json_schema","json_schema":{"name":"a","schema":{"properties":{\#(properties)}}}}"#
    let parameters = try ProviderParameters(json: #"{"response_format":\#(form)}"#, limit: 1 << 20)
    let brought = BroughtRequest(messages: [], tools: ProviderTools(), parameters: parameters)
    #expect(try TurnRequest(plan: plan(), history: [], brought: brought.json).parameters.json == parameters.json)
  }

  @Test(arguments: ["", "[", #"{"parameters":"{"}"#]) func whatCannotBeReadIsAnErrorOfTheTurn(_ json: String) {
    let error = #expect(throws: ProviderError.self) {
      try TurnRequest(plan: plan(), history: [], brought: Array(json.utf8))
    }
    #expect(error?.code == .misconfigured)
  }
}
