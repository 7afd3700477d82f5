import Chat
import FrontDoor
import Wire

/// What every object of one completion begins with, and the whole answer as one of them.
struct CompletionObject: Sendable {
  let turn: ID
  /// The virtual model's name.
  let model: String

  /// `id`, `object`, `created`, `model`. The id names the turn, for whoever wants to read or cancel it.
  func writeHead(_ object: String, to writer: inout JSONWriter) {
    writer.member("id", "chatcmpl-\(turn)")
    writer.member("object", object)
    writer.member("created", Int(turn.unixMilliseconds / 1_000))
    writer.member("model", model)
  }

  /// The reply to a request that wanted no stream, once the turn has ended as it should.
  /// platform.openai.com/docs/api-reference/chat/object
  func response(_ answer: CompletionAnswer, _ terminal: Terminal, origin: String?) -> Response {
    var writer = JSONWriter(capacity: answer.text.count + 1_024)
    writer.beginObject()
    writeHead("chat.completion", to: &writer)
    writer.key("choices")
    writer.beginArray()
    writer.beginObject()
    writer.member("index", 0)
    writer.key("message")
    Self.write(answer, to: &writer)
    writer.key("logprobs")
    writer.null()
    writer.member("finish_reason", (terminal.finishReason ?? .stop).rawValue)
    writer.endObject()
    writer.endArray()
    if let usage = terminal.usage {
      writer.key("usage")
      Self.write(usage, to: &writer)
    }
    writer.endObject()
    return Response(status: 200, headers: CrossOrigin.headers(for: origin), body: writer.bytes)
  }

  private static func write(_ answer: CompletionAnswer, to writer: inout JSONWriter) {
    writer.beginObject()
    writer.member("role", "assistant")
    writer.key("content")
    if answer.text.isEmpty, !answer.calls.isEmpty { writer.null() } else { writer.string(utf8: answer.text) }
    writer.key("refusal")
    writer.null()
    if !answer.reasoning.isEmpty {
      writer.key("reasoning_content")
      writer.string(utf8: answer.reasoning)
    }
    if !answer.calls.isEmpty {
      writer.key("tool_calls")
      writer.beginArray()
      for call in answer.calls {
        writer.beginObject()
        writer.member("id", call.id)
        writer.member("type", "function")
        writer.key("function")
        writer.beginObject()
        writer.member("name", call.name)
        writer.key("arguments")
        writer.string(utf8: call.arguments)
        writer.endObject()
        writer.endObject()
      }
      writer.endArray()
    }
    writer.endObject()
  }

  static func write(_ usage: Usage, to writer: inout JSONWriter) {
    writer.beginObject()
    writer.member("prompt_tokens", usage.inputTokens)
    writer.member("completion_tokens", usage.outputTokens)
    writer.member("total_tokens", usage.inputTokens.addingReportingOverflow(usage.outputTokens).partialValue)
    writer.key("prompt_tokens_details")
    writer.beginObject()
    writer.member("cached_tokens", usage.cachedTokens ?? 0)
    writer.endObject()
    writer.key("completion_tokens_details")
    writer.beginObject()
    writer.member("reasoning_tokens", usage.reasoningTokens ?? 0)
    writer.endObject()
    writer.endObject()
  }
}
