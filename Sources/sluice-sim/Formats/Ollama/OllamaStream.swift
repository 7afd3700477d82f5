import Glibc

/// The lines of one streamed answer, and the answer in one piece. All of them say the time the answer began.
struct OllamaStream: AnswerStream {
  private let reply: Reply
  private let lead: String
  private let text: Delta
  private let reasoning: Delta

  init(_ reply: Reply) {
    self.reply = reply
    lead =
      "{\"model\":\(JSONText.quoted(reply.model)),\"created_at\":\"\(Self.time(reply.created))\","
      + "\"message\":{\"role\":\"assistant\",\"content\":\""
    text = Delta(lead, "\"},\"done\":false}")
    reasoning = Delta(lead + "\",\"thinking\":\"", "\"},\"done\":false}")
  }

  func start() -> [Event] { [] }

  /// The arguments of a call are an object, so it comes whole.
  func delta(of part: Part) -> Delta? {
    switch part {
    case .reasoning: reasoning
    case .text: text
    case .call: nil
    }
  }

  func close(_ part: Part) -> [Event] {
    guard case .call(let call) = part else { return [] }
    return [Event(lead + "\",\"tool_calls\":[\(json(call))]},\"done\":false}")]
  }

  func finish() -> [Event] { [] }

  func done() -> [Event] { [Event(lead + "\"}," + end)] }

  func fail(_ refusal: Refusal, other: Bool) -> [Event] { [Event(refusal.ollamaError)] }

  var garbage: Event { Event("{\"model\":\"\",\"created_at\":\"\",\"mess") }

  /// All lines in one.
  var object: String {
    let thinking = reply.reasoning.count > 0 ? ",\"thinking\":\"\(reply.reasoningJSON)\"" : ""
    let calls = reply.calls.isEmpty ? "" : ",\"tool_calls\":[\(reply.calls.map(json).joined(separator: ","))]"
    return lead + reply.textJSON + "\"" + thinking + calls + "}," + end
  }

  /// The last members of the last object; durations are nanoseconds.
  private var end: String {
    let usage = reply.usage
    let evaluation = 20_000_000 * usage.completion
    return "\"done\":true,\"done_reason\":\"\(reply.finish == .length ? "length" : "stop")\","
      + "\"total_duration\":\(evaluation + 170_000_000),\"load_duration\":50000000,"
      + "\"prompt_eval_count\":\(usage.prompt),\"prompt_eval_duration\":120000000,"
      + "\"eval_count\":\(usage.completion),\"eval_duration\":\(evaluation)}"
  }

  private func json(_ call: ToolCall) -> String {
    "{\"function\":{\"index\":\(call.number),\"name\":\(JSONText.quoted(call.name)),\"arguments\":\(call.arguments)}}"
  }

  /// RFC 3339, with a fraction as Go writes one.
  private static func time(_ seconds: Int) -> String {
    var time = time_t(seconds)
    var parts = tm()
    gmtime_r(&time, &parts)
    return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 64) { buffer in
      let count = strftime(buffer.baseAddress!, buffer.count, "%Y-%m-%dT%H:%M:%S.142857Z", &parts)
      return String(decoding: buffer[..<count].lazy.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
  }
}
