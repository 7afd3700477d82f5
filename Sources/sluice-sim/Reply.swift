import NIOCore

/// What one answer says, whatever the format.
struct Reply: Sendable {
  /// The identifier of the answer.
  let id: String
  /// A number that no other answer has; all that is to look random comes from it.
  let serial: Int
  /// Seconds since 1970.
  let created: Int
  /// The model name of the request.
  let model: String
  /// Whether the client asked for usage, where it must be asked for.
  let includesUsage: Bool
  let reasoning: AnswerText
  let text: AnswerText
  /// One more token at the end of the text; nil if there is none.
  let line: LongLine?
  let calls: [ToolCall]
  let promptTokens: Int
  /// Of these, what stood in a cache.
  let cachedTokens: Int

  init(_ scenario: Scenario, _ request: ChatRequest?, id: String, serial: Int, created: Int) {
    self.id = id
    self.serial = serial
    self.created = created
    model = request?.model ?? ""
    includesUsage = request?.includesUsage ?? false
    promptTokens = request?.promptTokens ?? 0
    cachedTokens = min(scenario.cached, promptTokens)
    reasoning = AnswerText(reasoning: scenario)
    text = AnswerText(scenario, request: request, limit: request?.tokenLimit)
    line = text.isCut ? nil : scenario.line.map { LongLine(size: $0, fill: scenario.fill) }
    // Who sends the results of tools wants an answer now.
    let count = text.isCut || request?.hasToolResults ?? false ? 0 : scenario.tools
    let names = request?.tools ?? []
    calls = (0..<count).map { ToolCall(number: $0, name: names.isEmpty ? "gauge" : names[$0 % names.count]) }
  }

  /// Those there are, in their order.
  var parts: [Part] {
    (reasoning.count > 0 ? [.reasoning] : []) + (text.count > 0 || line != nil ? [.text] : []) + calls.map(Part.call)
  }

  func pieces(of part: Part) -> AnswerText {
    switch part {
    case .reasoning: reasoning
    case .text: text
    case .call(let call): AnswerText(call.pieces)
    }
  }

  var finish: Finish { text.isCut ? .length : calls.isEmpty ? .stop : .toolCalls }

  /// How many pieces all parts have: the time a whole answer takes.
  var count: Int { reasoning.count + text.count + calls.reduce(0) { $0 + $1.pieces.count } }

  var usage: Usage {
    Usage(
      prompt: promptTokens, completion: count + (line == nil ? 0 : 1), reasoning: reasoning.count,
      cached: cachedTokens)
  }

  /// The inside of the JSON string for the whole text.
  var textJSON: String { Self.json(text) + (line?.map { String(buffer: $0) }.joined() ?? "") }

  /// The inside of the JSON string for all of the reasoning.
  var reasoningJSON: String { Self.json(reasoning) }

  private static func json(_ text: AnswerText) -> String {
    var bytes: [UInt8] = []
    for token in text { bytes.append(contentsOf: token.json) }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Letters and digits that only this answer has, and no other with another `salt`.
  func letters(_ count: Int, salt: Int = 0) -> String { Letters.text(count, seed: serial &+ (salt + 1) &* 1_000_003) }

  /// What proves that the reasoning is the provider's own: base64, with all of its signs.
  var signature: String { letters(94, salt: 77) + "+/==" }

  /// The identifier of a call, without the prefix of a format.
  func callID(_ call: ToolCall, _ count: Int) -> String { letters(count, salt: 100 + call.number) }
}
