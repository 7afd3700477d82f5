import Chat
import Providers
import Testing

/// What the conformance suite must know of a driver. Its files are in `Fixtures/FOLDER`:
///
/// - answers as its provider's documentation shows them: `*.json` come in one piece, `request*.json` are none, all others
///   are streams
/// - `scripted.*`: the answer that all drivers read alike, as a stream and in one piece (`DriverCase.scripted`)
/// - `request.json`: the body that asks the case's `call`
struct DriverCase: Sendable, CustomTestStringConvertible {
  /// A file and what it says.
  struct Answer: Sendable, CustomTestStringConvertible {
    let file: String
    let events: [Transcript.Event]

    init(_ file: String, _ events: Transcript.Event...) {
      self.file = file
      self.events = events
    }

    var testDescription: String { file }
    var streaming: Bool { !file.hasSuffix(".json") }
  }

  let driver: any ProviderDriver
  let folder: String
  /// The scripted answer as a stream.
  let stream: String
  let framing: Framing
  /// Whether the provider marks the end of every answer: then a stream without the mark is cut. Where it does not, the
  /// finish reason is the end.
  let hasEndMark: Bool
  /// Where the case's `call` is sent, `https://h.example` being the endpoint.
  let url: String
  /// All files but the scripted ones.
  let answers: [Answer]
  /// A whole answer with one unit (a line without its end, or a frame) of `length` bytes, and the number of bytes of its
  /// text.
  let long: @Sendable (_ length: Int) -> (bytes: [UInt8], text: Int)
  /// The parameters of the call, for a driver that cannot send the usual ones.
  var parameters: String? = nil

  enum Framing { case events, lines, frames }

  var testDescription: String { driver.name }

  func fixture(_ name: String) throws -> Fixture { try Fixture("\(folder)/\(name)") }

  static let all: [DriverCase] = [
    .openai,
    .anthropic,
    .bedrock,
    .ollama,
    .responses,
    .gemini,
    .toy,
  ]
}

extension DriverCase {
  /// What `scripted.*` says. Usage: input and output tokens.
  static let scripted: Transcript.Content = {
    var content = Transcript.Content()
    content.reasoning = "The user wants the weather. 🤔"
    content.text = "Let me look, größer: \"x\" \\ 👩‍👩‍👧\n"
    content.calls = [
      Transcript.Content.Call(name: "get_weather", arguments: #"{"city":"Köln"}"#),
      Transcript.Content.Call(name: "get_time", arguments: #"{"zone":"CET"}"#),
    ]
    content.usage = Usage(inputTokens: 19, outputTokens: 10)
    content.finish = .toolCalls
    return content
  }()

  /// A call with something of everything that this driver can send.
  func call(
    streaming: Bool = true, tools: Bool = true, overrides: ProviderOverrides = .none, more: [ProviderMessage] = []
  ) throws -> ProviderCall {
    try Self.call(streaming: streaming, tools: tools, overrides: overrides, parameters: parameters, more: more)
  }

  /// A call with something of everything.
  static func call(
    streaming: Bool = true, tools: Bool = true, overrides: ProviderOverrides = .none, parameters: String? = nil,
    more: [ProviderMessage] = []
  ) throws -> ProviderCall {
    ProviderCall(
      route: ProviderRoute(
        endpoint: "https://h.example", model: "m-1", credential: "secret-credential", overrides: overrides),
      systemPrompt: "Be brief.", prefixPrompt: "In German:",
      messages: [
        ProviderMessage(
          role: .user, parts: [.text("What is \"this\"?"), .imageData(mediaType: "image/png", data: "iVBORw0KGgo=")]),
        ProviderMessage(
          role: .assistant,
          parts: [
            .text("Looking."), .kept(driver: "nobody", json: Array(#"{"secret":"of another driver"}"#.utf8)),
            .toolCall(MessagePart.ToolCall(id: "call_1", name: "get_weather", arguments: #"{"city":"Köln"}"#)),
          ]),
        ProviderMessage(
          role: .tool, parts: [.toolResult(MessagePart.ToolResult(id: "call_1", name: "get_weather", text: "4 °C"))]),
        ProviderMessage(role: .user, text: "And now?"),
      ] + more,
      parameters: try ProviderParameters(
        json: parameters ?? #"{"temperature":0.5,"top_p":0.9,"max_tokens":1000,"stop":["END"]}"#),
      tools: tools
        ? ProviderTools([
          ProviderTools.Tool(
            name: "get_weather", description: "The weather \"now\".",
            schema: #"{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}"#)
        ]) : nil,
      streaming: streaming)
  }
}
