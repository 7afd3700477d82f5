import Chat
import Wire

@testable import Providers

/// A provider that is not there: shows what a driver takes. One file, one case for the conformance suite, and in a driver
/// that is shipped one line in `ProviderRegistry`.
struct ToyDriver: ProviderDriver {
  let name = "toy"
  let toolMembers = ["tools"]

  func endpoint(region: String?, managedDomain: String?) throws(ProviderError) -> String {
    try ProviderEndpoint.resolve(region: region, managedDomain: managedDomain, fallback: nil)
  }

  func request(for call: ProviderCall) throws(ProviderError) -> ProviderRequest {
    var writer = JSONWriter()
    writer.beginObject()
    writer.member("model", call.route.model)
    writer.member("prompt", call.systemPrompt)
    writer.key("said")
    writer.beginArray()
    for part in call.messages.flatMap(\.parts) {
      switch part {
      case .text(let text): writer.string(text)
      case .imageData(_, let data): writer.string(data)
      case .toolCall(let call): writer.string("\(call.name) \(call.arguments)")
      case .toolResult(let result): writer.string(result.text)
      case .kept(let driver, let json) where driver == name: writer.raw(json)
      case .image, .kept: break
      }
    }
    writer.endArray()
    for (key, json) in call.parameters.all {
      writer.key(escaping: key.rawValue)
      writer.raw(json)
    }
    if let tools = call.tools, !tools.list.isEmpty {
      writer.key("tools")
      writer.beginArray()
      for tool in tools.list { writer.string(tool.name) }
      writer.endArray()
    }
    writer.endObject()
    return ProviderRequest(
      url: try ProviderEndpoint.url(call.route.endpoint, defaultPath: "", path: "/toy"), accept: "text/plain",
      body: writer.bytes)
  }

  func authorize(_ request: inout ProviderRequest, with credential: String?, at time: Int) throws(ProviderError) {
    if let credential { try request.authorize("x-toy-key", credential) }
  }

  func decoder(streaming: Bool) -> any ProviderDecoder { ToyReader.decoder(streaming: streaming) }
}

/// Lines of JSON, each with one member: `think`, `say`, `call` (id, name, arguments), `used` (input, output) or `end`.
struct ToyReader: AnswerReader {
  typealias Framing = LineFraming

  private var calls = ToolCallCount()

  mutating func read(
    _ line: StreamBytes, to sink: inout some ProviderEventSink
  ) throws(ProviderError) -> AnswerStep {
    try line.withBytes { (bytes) throws(ProviderError) in
      let document = try JSONDocument(answer: bytes, "a line")
      return try read(document.root, to: &sink)
    }
  }

  private mutating func read(
    _ object: JSONElement, to sink: inout some ProviderEventSink
  ) throws(ProviderError) -> AnswerStep {
    if let error = object["error"] { throw ProviderFailure(inBand: error).error() }
    var step = AnswerStep.aside
    for (name, value) in object.members {
      switch name.string {
      case "think": value.withString { if !$0.isEmpty { sink.reasoning($0) } }
      case "say": value.withString { if !$0.isEmpty { sink.text($0) } }
      case "call":
        let words = value.elements.map { $0.string ?? "" }
        guard words.count == 3 else { throw ProviderError(.malformed, cause: "a call of \(words.count) words") }
        let (index, _) = try calls.index(number: 0, id: words[0])
        sink.toolCall(index: index, id: words[0], name: words[1], signature: nil)
        Array(words[2].utf8).withUnsafeBytes { if !$0.isEmpty { sink.toolArguments($0, index: index) } }
      case "used":
        let counts = value.elements.map { $0.tokens ?? 0 }
        if counts.count == 2 { sink.usage(Usage(inputTokens: counts[0], outputTokens: counts[1])) }
      case "end": return .whole(value.string.flatMap(FinishReason.init) ?? .stop)
      default: continue
      }
      step = .answered
    }
    return step
  }

  static func read(whole answer: JSONElement, to sink: inout some ProviderEventSink) throws(ProviderError)
    -> FinishReason
  {
    var reader = ToyReader()
    for line in answer["lines"]?.elements.map({ $0 }) ?? [] {
      if case .whole(let reason) = try reader.read(line, to: &sink) { return reason ?? .stop }
    }
    throw ProviderError(.malformed, cause: "a body without an end")
  }
}

extension DriverCase {
  static let toy = DriverCase(
    driver: ToyDriver(), folder: "toy", stream: "scripted.lines", framing: .lines, hasEndMark: true,
    url: "https://h.example/toy",
    answers: [
      Answer("error.lines", .text("Half"), .failure(.overloaded)),
      Answer("cut.lines", .text("Half"), .failure(.truncated)),
    ],
    long: { length in
      let (head, tail) = (#"{"say":""#, #"","end":"stop"}"#)
      let text = length - head.utf8.count - tail.utf8.count
      return (Array(head.utf8) + [UInt8](repeating: 0x61, count: text) + Array("\(tail)\n".utf8), text)
    })
}
