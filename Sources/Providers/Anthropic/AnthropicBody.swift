import Wire

/// The JSON body of a Messages request (platform.claude.com/docs/en/api/messages/create).
///
/// The API knows no seed and no penalties: these hints are left out. It knows no form of answer but text and JSON after a
/// schema. `max_tokens` is required: 4096 unless the parameters say otherwise, and what the model reasons comes on top.
struct AnthropicBody {
  let bytes: [UInt8]

  /// `driver`: who has written the blocks that are sent back. Throws `model_misconfigured` for a parameter that the API does
  /// not take.
  init(_ call: ProviderCall, driver: String) throws(ProviderError) {
    let messages = AlternatingMessages(call, messages: call.messages, driver: driver)
    let thinking = ClaudeThinking(call)
    let size = messages.turns.reduce(0) { $0 + $1.parts.reduce(64) { $0 + $1.size + 64 } }
    var writer = JSONWriter(capacity: 512 + size)
    writer.beginObject()
    writer.member("model", call.route.model)
    writer.member("max_tokens", (call.parameters.maxTokens ?? 4096) + thinking.budget)
    writer.member("system", messages.system)
    writer.key("messages")
    writer.beginArray()
    for turn in messages.turns { Self.write(turn, to: &writer) }
    writer.endArray()
    try Self.writeSampling(of: call, thinking, to: &writer)
    thinking.write(to: &writer, showing: call.showsReasoning)
    try Self.writeOutputConfig(of: call, thinking, to: &writer)
    if let tools = call.tools, !tools.list.isEmpty { Self.write(tools, to: &writer) }
    writer.member("stream", call.streaming)
    writer.endObject()
    bytes = writer.bytes
  }

  private static func write(_ turn: AlternatingMessages.Turn, to writer: inout JSONWriter) {
    writer.beginObject()
    writer.member("role", turn.isUser ? "user" : "assistant")
    if let text = turn.plainText {
      writer.member("content", text)
    } else {
      writer.key("content")
      writer.beginArray()
      for part in turn.parts { write(part, to: &writer) }
      writer.endArray()
    }
    writer.endObject()
  }

  private static func write(_ part: MessagePart, to writer: inout JSONWriter) {
    switch part {
    case .text(let text):
      writer.beginObject()
      writer.member("type", "text")
      writer.member("text", text)
      writer.endObject()
    case .image(let url):
      writeImage(to: &writer) { source in
        source.member("type", "url")
        source.member("url", url)
      }
    case .imageData(let mediaType, let data):
      writeImage(to: &writer) { source in
        source.member("type", "base64")
        source.member("media_type", mediaType)
        source.member("data", data)
      }
    case .toolCall(let call):
      writer.beginObject()
      writer.member("type", "tool_use")
      writer.member("id", call.id)
      writer.member("name", call.name)
      writer.key("input")
      writer.raw(call.input)
      writer.endObject()
    case .toolResult(let result):
      writer.beginObject()
      writer.member("type", "tool_result")
      writer.member("tool_use_id", result.id)
      writer.member("content", result.text)
      if result.isError { writer.member("is_error", true) }
      writer.endObject()
    case .kept(_, let json):
      writer.raw(json)
    }
  }

  private static func writeImage(to writer: inout JSONWriter, source: (inout JSONWriter) -> Void) {
    writer.beginObject()
    writer.member("type", "image")
    writer.key("source")
    writer.beginObject()
    source(&writer)
    writer.endObject()
    writer.endObject()
  }

  private static func writeSampling(
    of call: ProviderCall, _ thinking: ClaudeThinking, to writer: inout JSONWriter
  ) throws(ProviderError) {
    let temperature = try call.parameters.temperature(upTo: 1)
    if thinking.takesSampling(call.route.model) {
      if let temperature {
        writer.key("temperature")
        writer.raw(temperature)
      }
      if let topP = call.parameters.json(.topP) {
        writer.key("top_p")
        writer.raw(topP)
      }
    }
    let stop = call.parameters.stop
    guard !stop.isEmpty else { return }
    writer.key("stop_sequences")
    writer.beginArray()
    for word in stop { writer.string(word) }
    writer.endArray()
  }

  /// platform.claude.com/docs/en/build-with-claude/structured-outputs.
  private static func writeOutputConfig(
    of call: ProviderCall, _ thinking: ClaudeThinking, to writer: inout JSONWriter
  ) throws(ProviderError) {
    var config = JSONWriter()
    config.beginObject()
    var isEmpty = true
    if case .effort(let word) = thinking {
      config.member("effort", word)
      isEmpty = false
    }
    switch call.parameters.form {
    case .text, nil: break
    case .json:
      throw call.parameters.unfit(.responseFormat, "Anthropic knows no json_object, only json_schema")
    case .schema(_, let schema):
      config.key("format")
      config.beginObject()
      config.member("type", "json_schema")
      config.key("schema")
      config.raw(schema)
      config.endObject()
      isEmpty = false
    }
    config.endObject()
    guard !isEmpty else { return }
    writer.key("output_config")
    writer.raw(config.bytes)
  }

  private static func write(_ tools: ProviderTools, to writer: inout JSONWriter) {
    writer.key("tools")
    writer.beginArray()
    for tool in tools.list {
      writer.beginObject()
      writer.member("name", tool.name)
      writer.member("description", tool.description)
      writer.key("input_schema")
      writer.raw(tool.schema)
      writer.endObject()
    }
    writer.endArray()
    if tools.choice == .auto && tools.parallel { return }
    writer.key("tool_choice")
    writer.beginObject()
    switch tools.choice {
    case .auto: writer.member("type", "auto")
    case .required: writer.member("type", "any")
    case .tool(let name):
      writer.member("type", "tool")
      writer.member("name", name)
    }
    if !tools.parallel { writer.member("disable_parallel_tool_use", true) }
    writer.endObject()
  }
}
