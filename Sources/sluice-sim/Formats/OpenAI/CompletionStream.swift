/// The chunks of one streamed chat completion. What they share is encoded once.
///
/// Source: OpenAI API reference, "The chat completion chunk object"; the order of the fields is that of recorded
/// answers. Reasoning is not part of it: `reasoning_content` is DeepSeek's name for it, and that of most who followed.
struct CompletionStream: AnswerStream {
  static let fingerprint = "fp_51u1ce51m0"

  private let reply: Reply
  private let hasFilterResults: Bool
  private let lead: String
  private let text: Delta
  private let reasoning: Delta

  /// - Parameter hasFilterResults: whether what Azure's filters found in the prompt comes first.
  init(_ reply: Reply, hasFilterResults: Bool) {
    self.reply = reply
    self.hasFilterResults = hasFilterResults
    lead =
      "{\"id\":\"\(reply.id)\",\"object\":\"chat.completion.chunk\",\"created\":\(reply.created),"
      + "\"model\":\(JSONText.quoted(reply.model)),\"service_tier\":\"default\","
      + "\"system_fingerprint\":\"\(Self.fingerprint)\","
    let trail = Self.trail(finish: nil, includesUsage: reply.includesUsage)
    let before = lead + "\"choices\":[{\"index\":0,\"delta\":"
    // OpenAI pads chunks, so that their sizes tell nothing.
    text = Delta(
      before + "{\"content\":\"", "\"}" + trail, padding: "\"}" + trail.dropLast() + ",\"obfuscation\":\"")
    reasoning = Delta(before + "{\"reasoning_content\":\"", "\"}" + trail)
  }

  func preface() -> [Event] { hasFilterResults ? [Event(Self.filterResults)] : [] }

  func start() -> [Event] { [chunk(delta: "{\"role\":\"assistant\",\"content\":\"\",\"refusal\":null}", finish: nil)] }

  func open(_ part: Part) -> [Event] {
    guard case .call(let call) = part else { return [] }
    return [
      chunk(
        delta:
          "{\"tool_calls\":[{\"index\":\(call.number),\"id\":\"call_\(reply.callID(call, 24))\",\"type\":\"function\","
          + "\"function\":{\"name\":\(JSONText.quoted(call.name)),\"arguments\":\"\"}}]}",
        finish: nil)
    ]
  }

  func delta(of part: Part) -> Delta? {
    switch part {
    case .text: text
    case .reasoning: reasoning
    case .call(let call):
      Delta(
        lead
          + "\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":["
          + "{\"index\":\(call.number),\"function\":{\"arguments\":\"",
        "\"}}]}" + Self.trail(finish: nil, includesUsage: reply.includesUsage))
    }
  }

  func finish() -> [Event] {
    let last = chunk(delta: "{}", finish: reply.finish)
    guard reply.includesUsage else { return [last] }
    return [last, Event(lead + "\"choices\":[],\"usage\":\(reply.usage.completionJSON)}")]
  }

  func done() -> [Event] { [Event("[DONE]")] }

  func fail(_ refusal: Refusal, other: Bool) -> [Event] { [Event(refusal.openAILine)] }

  var garbage: Event { Event("{\"id\":\"chatcmpl-\",\"choices\":[{\"index\":0,\"del") }

  private func chunk(delta: String, finish: Finish?) -> Event {
    Event(
      lead + "\"choices\":[{\"index\":0,\"delta\":" + delta
        + Self.trail(finish: finish, includesUsage: reply.includesUsage))
  }

  private static func trail(finish: Finish?, includesUsage: Bool) -> String {
    let reason = finish.map { "\"\($0.completionWord)\"" } ?? "null"
    return ",\"logprobs\":null,\"finish_reason\":\(reason)}]\(includesUsage ? ",\"usage\":null" : "")}"
  }

  /// What Azure sends first: what its filters found in the prompt.
  ///
  /// Source: Microsoft Learn, "Azure OpenAI content filtering", the example of a streamed answer.
  private static let filterResults: String = {
    let results = ["hate", "self_harm", "sexual", "violence"].map {
      "\"\($0)\":{\"filtered\":false,\"severity\":\"safe\"}"
    }
    return "{\"choices\":[],\"created\":0,\"id\":\"\",\"model\":\"\",\"object\":\"\",\"prompt_filter_results\":"
      + "[{\"prompt_index\":0,\"content_filter_results\":{\(results.joined(separator: ","))}}]}"
  }()
}

extension Finish {
  /// OpenAI's `finish_reason`.
  var completionWord: String {
    switch self {
    case .stop: "stop"
    case .length: "length"
    case .toolCalls: "tool_calls"
    }
  }
}

extension Usage {
  /// OpenAI's `usage`.
  var completionJSON: String {
    "{\"prompt_tokens\":\(prompt),\"completion_tokens\":\(completion),\"total_tokens\":\(total),"
      + "\"prompt_tokens_details\":{\"cached_tokens\":\(cached),\"audio_tokens\":0},"
      + "\"completion_tokens_details\":{\"reasoning_tokens\":\(reasoning),\"audio_tokens\":0,"
      + "\"accepted_prediction_tokens\":0,\"rejected_prediction_tokens\":0}}"
  }
}
