/// The events of one streamed answer, and the answer in one piece. Usage stands in every event, and grows.
///
/// Source: Gemini API reference, "GenerateContentResponse", and "Gemini thinking"; the layout is that of recorded
/// answers.
struct GeminiStream: AnswerStream {
  private let reply: Reply
  /// Tokens sent so far.
  private var thoughts = 0
  private var tokens = 0
  /// Whether the signature of the thoughts has been sent.
  private var isSigned: Bool

  init(_ reply: Reply) {
    self.reply = reply
    isSigned = reply.reasoning.count == 0
  }

  func start() -> [Event] { [] }

  /// A call comes whole.
  mutating func delta(of part: Part) -> Delta? {
    switch part {
    case .reasoning:
      thoughts += 1
      return Delta(Self.lead + "{\"text\": \"", "\",\"thought\": true}" + trail())
    case .text:
      tokens += 1
      return Delta(Self.lead + "{\"text\": \"", "\"}" + trail())
    case .call:
      tokens += 1
      return nil
    }
  }

  mutating func close(_ part: Part) -> [Event] {
    guard case .call(let call) = part else { return [] }
    return [Event(Self.lead + "{\(json(call))\(signature())}" + trail())]
  }

  mutating func finish() -> [Event] {
    [Event(Self.lead + "{\"text\": \"\"\(signature())}" + trail(finished: true))]
  }

  /// An event, or a body of its own behind the events.
  func fail(_ refusal: Refusal, other: Bool) -> [Event] {
    other ? [Event(refusal.geminiBody, kind: .raw)] : [Event(refusal.geminiLine)]
  }

  var garbage: Event { Event("{\"candidates\": [{\"content\": {\"par") }

  /// The whole answer.
  var object: String {
    var whole = self
    whole.thoughts = reply.reasoning.count
    whole.tokens = reply.usage.completion - reply.reasoning.count
    var parts = reply.parts.map { part in
      switch part {
      case .reasoning: "{\"text\": \"\(reply.reasoningJSON)\",\"thought\": true}"
      case .text: "{\"text\": \"\(reply.textJSON)\"}"
      case .call(let call): "{\(json(call))\(whole.signature())}"
      }
    }
    // The text is signed where no call is there to be.
    if !whole.isSigned { parts.append("{\"text\": \"\"\(whole.signature())}") }
    return Self.lead + parts.joined(separator: ",") + whole.trail(finished: true) + "\n"
  }

  private static let lead = "{\"candidates\": [{\"content\": {\"parts\": ["

  private func trail(finished: Bool = false) -> String {
    let reason = finished ? ",\"finishReason\": \"\(reply.finish == .length ? "MAX_TOKENS" : "STOP")\"" : ""
    let thinking = thoughts > 0 ? ",\"thoughtsTokenCount\": \(thoughts)" : ""
    return "],\"role\": \"model\"}\(reason),\"index\": 0}],"
      + "\"usageMetadata\": {\"promptTokenCount\": \(reply.usage.prompt),\"candidatesTokenCount\": \(tokens),"
      + (reply.usage.cached > 0 ? "\"cachedContentTokenCount\": \(reply.usage.cached)," : "")
      + "\"totalTokenCount\": \(reply.usage.prompt + tokens + thoughts),"
      + "\"promptTokensDetails\": [{\"modality\": \"TEXT\",\"tokenCount\": \(reply.usage.prompt)}]\(thinking)},"
      + "\"modelVersion\": \(JSONText.quoted(reply.model)),\"responseId\": \"\(reply.id)\"}"
  }

  private func json(_ call: ToolCall) -> String {
    "\"functionCall\": {\"name\": \(JSONText.quoted(call.name)),\"args\": \(call.arguments)}"
  }

  /// The member that signs the thoughts; empty once it was sent.
  private mutating func signature() -> String {
    guard !isSigned else { return "" }
    isSigned = true
    return ",\"thoughtSignature\": \"\(reply.signature)\""
  }
}
