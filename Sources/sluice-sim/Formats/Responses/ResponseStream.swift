/// The events of one streamed response, numbered from 0.
///
/// Source: OpenAI API reference, "Streaming events".
struct ResponseStream: AnswerStream {
  private let reply: Reply
  private let object: ResponseObject
  private var sequence = 0
  /// Of the item under way, or to come.
  private var index = 0

  init(_ reply: Reply) {
    self.reply = reply
    object = ResponseObject(reply)
  }

  mutating func start() -> [Event] {
    [
      event("response.created", "\"response\":" + object.begun),
      event("response.in_progress", "\"response\":" + object.begun),
    ]
  }

  mutating func open(_ part: Part) -> [Event] {
    let added = event("response.output_item.added", "\"output_index\":\(index),\"item\":" + object.opened(part))
    return switch part {
    case .reasoning:
      [added, event("response.reasoning_summary_part.added", place(part) + ",\"part\":" + object.summary(""))]
    case .text: [added, event("response.content_part.added", place(part) + ",\"part\":" + object.content(""))]
    case .call: [added]
    }
  }

  mutating func delta(of part: Part) -> Delta? {
    switch part {
    case .reasoning: delta("response.reasoning_summary_text.delta", part)
    case .text: delta("response.output_text.delta", part, "\",\"logprobs\":[]")
    case .call: delta("response.function_call_arguments.delta", part)
    }
  }

  mutating func close(_ part: Part) -> [Event] {
    var events: [Event] = []
    switch part {
    case .reasoning:
      let text = reply.reasoningJSON
      events.append(event("response.reasoning_summary_text.done", place(part) + ",\"text\":\"\(text)\""))
      events.append(event("response.reasoning_summary_part.done", place(part) + ",\"part\":" + object.summary(text)))
    case .text:
      let text = reply.textJSON
      events.append(event("response.output_text.done", place(part) + ",\"text\":\"\(text)\",\"logprobs\":[]"))
      events.append(event("response.content_part.done", place(part) + ",\"part\":" + object.content(text)))
    case .call(let call):
      events.append(
        event(
          "response.function_call_arguments.done", place(part) + ",\"arguments\":" + JSONText.quoted(call.arguments)))
    }
    events.append(event("response.output_item.done", "\"output_index\":\(index),\"item\":" + object.item(part)))
    index += 1
    return events
  }

  func finish() -> [Event] { [] }

  mutating func done() -> [Event] {
    let name = reply.finish == .length ? "response.incomplete" : "response.completed"
    return [event(name, "\"response\":" + object.finished)]
  }

  /// An event of its own, or the response that failed.
  mutating func fail(_ refusal: Refusal, other: Bool) -> [Event] {
    guard !other else { return [event("response.failed", "\"response\":" + object.failed(refusal))] }
    return [
      event(
        "error",
        "\"code\":\(JSONText.quoted(refusal.responseCode)),"
          + "\"message\":\(JSONText.quoted(refusal.message)),\"param\":null"
      )
    ]
  }

  var garbage: Event { Event("response.output_text.delta", "{\"type\":\"response.output_text.delta\",\"sequence_num") }

  private mutating func event(_ name: String, _ members: String) -> Event { Event(name, lead(name) + members + "}") }

  private mutating func delta(_ name: String, _ part: Part, _ trail: String = "\"") -> Delta {
    // OpenAI pads deltas, so that their sizes tell nothing.
    let opening = trail + ",\"obfuscation\":\""
    return Delta(
      name, lead(name) + place(part) + ",\"delta\":\"",
      opening + String(repeating: "x", count: 4 + sequence % 12) + "\"}", padding: opening)
  }

  private mutating func lead(_ name: String) -> String {
    defer { sequence += 1 }
    return "{\"type\":\"\(name)\",\"sequence_number\":\(sequence),"
  }

  /// Which item an event belongs to, and what of it.
  private func place(_ part: Part) -> String {
    let item = "\"item_id\":\"\(object.itemID(part))\",\"output_index\":\(index)"
    return switch part {
    case .reasoning: item + ",\"summary_index\":0"
    case .text: item + ",\"content_index\":0"
    case .call: item
    }
  }
}
