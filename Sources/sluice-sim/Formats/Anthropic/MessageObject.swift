/// The JSON of a message.
///
/// Source: Anthropic API reference, "Create a message", and "Extended thinking".
struct MessageObject: Sendable {
  let reply: Reply

  init(_ reply: Reply) { self.reply = reply }

  /// The message before its first block.
  var begun: String { object(content: [], stopReason: "null", outputTokens: 1) }

  /// The message with all of its blocks.
  var finished: String {
    object(content: reply.parts.map(block), stopReason: "\"\(stopReason)\"", outputTokens: reply.usage.completion)
  }

  var stopReason: String {
    switch reply.finish {
    case .stop: "end_turn"
    case .length: "max_tokens"
    case .toolCalls: "tool_use"
    }
  }

  /// A block before its content.
  func opened(_ part: Part) -> String {
    switch part {
    case .reasoning: "{\"type\":\"thinking\",\"thinking\":\"\",\"signature\":\"\"}"
    case .text: "{\"type\":\"text\",\"text\":\"\"}"
    case .call(let call): self.call(call, input: "{}")
    }
  }

  private func block(_ part: Part) -> String {
    switch part {
    case .reasoning:
      "{\"type\":\"thinking\",\"thinking\":\"\(reply.reasoningJSON)\",\"signature\":\"\(reply.signature)\"}"
    case .text: "{\"type\":\"text\",\"text\":\"\(reply.textJSON)\"}"
    case .call(let call): self.call(call, input: call.arguments)
    }
  }

  private func call(_ call: ToolCall, input: String) -> String {
    "{\"type\":\"tool_use\",\"id\":\"toolu_01\(reply.callID(call, 22))\",\"name\":\(JSONText.quoted(call.name)),"
      + "\"input\":\(input)}"
  }

  private func object(content: [String], stopReason: String, outputTokens: Int) -> String {
    "{\"model\":\(JSONText.quoted(reply.model)),\"id\":\"\(reply.id)\",\"type\":\"message\",\"role\":\"assistant\","
      + "\"content\":[\(content.joined(separator: ","))],\"stop_reason\":\(stopReason),\"stop_sequence\":null,"
      + "\"usage\":{\"input_tokens\":\(reply.usage.prompt - reply.usage.cached),\"cache_creation_input_tokens\":0,"
      + "\"cache_read_input_tokens\":\(reply.usage.cached),\"output_tokens\":\(outputTokens),\"service_tier\":\"standard\"}}"
  }
}
