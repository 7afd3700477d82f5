/// The JSON of a response and of its items, as they are when they begin and when they are done.
///
/// Source: OpenAI API reference, "The response object"; the order of the fields is that of recorded answers.
struct ResponseObject: Sendable {
  let reply: Reply

  init(_ reply: Reply) { self.reply = reply }

  /// The response before it says anything.
  var begun: String { object(status: "in_progress", output: [], usage: "null") }

  /// The response with all it says.
  var finished: String {
    let isCut = reply.finish == .length
    return object(
      status: isCut ? "incomplete" : "completed", details: isCut ? "{\"reason\":\"max_output_tokens\"}" : "null",
      output: reply.parts.map { item($0) }, usage: usage)
  }

  /// The response that an error ended.
  func failed(_ refusal: Refusal) -> String {
    object(
      status: "failed",
      error: "{\"code\":\(JSONText.quoted(refusal.responseCode)),\"message\":\(JSONText.quoted(refusal.message))}",
      output: [], usage: "null")
  }

  /// The identifier of the item that `part` is.
  func itemID(_ part: Part) -> String {
    switch part {
    case .reasoning: "rs_" + hex(1)
    case .text: "msg_" + hex(2)
    case .call(let call): "fc_" + hex(3 + call.number)
    }
  }

  /// The item before its content.
  func opened(_ part: Part) -> String {
    switch part {
    case .reasoning: "{\"id\":\"\(itemID(part))\",\"type\":\"reasoning\",\"summary\":[]}"
    case .text:
      "{\"id\":\"\(itemID(part))\",\"type\":\"message\",\"status\":\"in_progress\",\"content\":[],"
        + "\"role\":\"assistant\"}"
    case .call(let call): self.call(call, status: "in_progress", arguments: "")
    }
  }

  /// The item with all of its content.
  func item(_ part: Part) -> String {
    switch part {
    case .reasoning:
      "{\"id\":\"\(itemID(part))\",\"type\":\"reasoning\",\"encrypted_content\":\"\(reply.signature)\","
        + "\"summary\":[\(summary(reply.reasoningJSON))]}"
    case .text:
      "{\"id\":\"\(itemID(part))\",\"type\":\"message\","
        + "\"status\":\"\(reply.finish == .length ? "incomplete" : "completed")\","
        + "\"content\":[\(content(reply.textJSON))],\"role\":\"assistant\"}"
    case .call(let call): self.call(call, status: "completed", arguments: call.arguments)
    }
  }

  /// The content of a message, around the inside of a JSON string.
  func content(_ text: String) -> String {
    "{\"type\":\"output_text\",\"annotations\":[],\"logprobs\":[],\"text\":\"\(text)\"}"
  }

  /// The summary of reasoning, likewise.
  func summary(_ text: String) -> String { "{\"type\":\"summary_text\",\"text\":\"\(text)\"}" }

  private func call(_ call: ToolCall, status: String, arguments: String) -> String {
    "{\"id\":\"\(itemID(.call(call)))\",\"type\":\"function_call\",\"status\":\"\(status)\","
      + "\"arguments\":\(JSONText.quoted(arguments)),\"call_id\":\"call_\(reply.callID(call, 24))\","
      + "\"name\":\(JSONText.quoted(call.name))}"
  }

  private var usage: String {
    let usage = reply.usage
    return "{\"input_tokens\":\(usage.prompt),\"input_tokens_details\":{\"cached_tokens\":\(usage.cached)},"
      + "\"output_tokens\":\(usage.completion),\"output_tokens_details\":{\"reasoning_tokens\":\(usage.reasoning)},"
      + "\"total_tokens\":\(usage.total)}"
  }

  private func hex(_ salt: Int) -> String { Letters.hex(48, seed: reply.serial &+ salt &* 7_919) }

  private func object(
    status: String, error: String = "null", details: String = "null", output: [String], usage: String
  ) -> String {
    "{\"id\":\"\(reply.id)\",\"object\":\"response\",\"created_at\":\(reply.created),\"status\":\"\(status)\","
      + "\"background\":false,\"error\":\(error),\"incomplete_details\":\(details),\"instructions\":null,"
      + "\"max_output_tokens\":null,\"max_tool_calls\":null,\"model\":\(JSONText.quoted(reply.model)),"
      + "\"output\":[\(output.joined(separator: ","))],\"parallel_tool_calls\":true,\"previous_response_id\":null,"
      + "\"prompt_cache_key\":null,\"reasoning\":{\"effort\":null,\"summary\":null},\"safety_identifier\":null,"
      + "\"service_tier\":\"default\",\"store\":false,\"temperature\":1.0,"
      + "\"text\":{\"format\":{\"type\":\"text\"},\"verbosity\":\"medium\"},\"tool_choice\":\"auto\",\"tools\":[],"
      + "\"top_logprobs\":0,\"top_p\":1.0,\"truncation\":\"disabled\",\"usage\":\(usage),\"user\":null,\"metadata\":{}}"
  }
}

extension Refusal {
  /// Its code within a response, where every error has one.
  var responseCode: String {
    switch status {
    case 429: "rate_limit_exceeded"
    case 500...: "server_error"
    default: code ?? "invalid_prompt"
    }
  }
}
