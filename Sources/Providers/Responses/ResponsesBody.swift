import Wire

/// The JSON body of a request for a response (platform.openai.com/docs/api-reference/responses/create).
struct ResponsesBody {
  private(set) var bytes: [UInt8]

  /// Throws `model_misconfigured` for stop sequences. `seed` and the penalties are left out: they are hints, and the API
  /// knows none of them.
  init(_ call: ProviderCall) throws(ProviderError) {
    if call.parameters.json(.stop) != nil {
      throw call.parameters.unfit(.stop, "the Responses API has no stop sequences")
    }
    let size = call.messages.reduce(0) { $0 + $1.parts.reduce(64) { $0 + $1.size + 64 } }
    var writer = JSONWriter(capacity: 512 + size)
    writer.beginObject()
    writer.member("model", call.route.model)
    writer.member("instructions", call.systemPrompt)
    writer.key("input")
    writer.beginArray()
    for message in call.messages { Self.write(message, to: &writer) }
    writer.endArray()
    Self.write(call.parameters, to: &writer)
    Self.writeReasoning(of: call, to: &writer)
    if let tools = call.tools, !tools.list.isEmpty { Self.write(tools, to: &writer) }
    writer.member("store", false)
    if Self.reasons(call.route.model) {
      writer.key("include")
      writer.raw(#"["reasoning.encrypted_content"]"#)
    }
    writer.member("stream", call.streaming)
    writer.endObject()
    bytes = writer.bytes
  }

  /// One item for each run of texts and images, and one for all else, in their order.
  private static func write(_ message: ProviderMessage, to writer: inout JSONWriter) {
    var content: [MessagePart] = []
    for part in message.parts {
      switch part {
      case .text: content.append(part)
      case .image, .imageData: if message.role != .assistant { content.append(part) }
      case .toolCall(let call):
        write(&content, as: message.role, to: &writer)
        write(call, to: &writer)
      case .toolResult(let result):
        write(&content, as: message.role, to: &writer)
        write(result, to: &writer)
      case .kept("responses", let item):
        write(&content, as: message.role, to: &writer)
        writer.raw(item)
      case .kept: break
      }
    }
    write(&content, as: message.role, to: &writer)
  }

  /// Writes what `content` holds, and empties it.
  private static func write(
    _ content: inout [MessagePart], as role: ProviderMessage.Role, to writer: inout JSONWriter
  ) {
    if content.isEmpty { return }
    writer.beginObject()
    writer.member("type", "message")
    writer.member("role", role.rawValue)
    writer.key("content")
    writer.beginArray()
    for part in content { write(part, as: role, to: &writer) }
    writer.endArray()
    writer.endObject()
    content = []
  }

  private static func write(_ part: MessagePart, as role: ProviderMessage.Role, to writer: inout JSONWriter) {
    writer.beginObject()
    switch part {
    case .text(let text):
      writer.member("type", role == .assistant ? "output_text" : "input_text")
      writer.member("text", text)
    case .image(let url):
      writer.member("type", "input_image")
      writer.member("image_url", url)
    case .imageData(let mediaType, let data):
      writer.member("type", "input_image")
      writer.member("image_url", "data:\(mediaType);base64,\(data)")
    case .toolCall, .toolResult, .kept: break
    }
    writer.endObject()
  }

  private static func write(_ call: MessagePart.ToolCall, to writer: inout JSONWriter) {
    writer.beginObject()
    writer.member("type", "function_call")
    writer.member("call_id", call.id)
    writer.member("name", call.name)
    writer.member("arguments", call.arguments)
    writer.endObject()
  }

  private static func write(_ result: MessagePart.ToolResult, to writer: inout JSONWriter) {
    writer.beginObject()
    writer.member("type", "function_call_output")
    writer.member("call_id", result.id)
    writer.member("output", result.text)
    writer.endObject()
  }

  private static func write(_ parameters: ProviderParameters, to writer: inout JSONWriter) {
    for (key, json) in parameters.all {
      switch key {
      case .temperature, .topP:
        writer.key(escaping: key.rawValue)
        writer.raw(json)
      case .maxTokens:
        writer.key("max_output_tokens")
        writer.raw(json)
      case .responseFormat: writeForm(json, to: &writer)
      case .stop, .seed, .presencePenalty, .frequencyPenalty, .reasoningEffort: break
      }
    }
  }

  /// What chat completions nest in `json_schema` stands here beside the type.
  private static func writeForm(_ json: [UInt8], to writer: inout JSONWriter) {
    guard let document = try? JSONDocument(parsing: json) else { return }
    writer.key("text")
    writer.beginObject()
    writer.key("format")
    writer.beginObject()
    writer.member("type", document.root["type"]?.string)
    if let schema = document.root["json_schema"] {
      for (name, value) in schema.members {
        writer.key(escaping: name.string ?? "")
        writer.raw(value.minified ?? [])
      }
    }
    writer.endObject()
    writer.endObject()
  }

  private static func writeReasoning(of call: ProviderCall, to writer: inout JSONWriter) {
    let effort = call.parameters.effort
    guard effort != nil || call.showsReasoning else { return }
    writer.key("reasoning")
    writer.beginObject()
    writer.member("effort", effort?.rawValue)
    if call.showsReasoning { writer.member("summary", "auto") }
    writer.endObject()
  }

  private static func write(_ tools: ProviderTools, to writer: inout JSONWriter) {
    writer.key("tools")
    writer.beginArray()
    for tool in tools.list {
      writer.beginObject()
      writer.member("type", "function")
      tool.writeFunction(to: &writer)
      // It is true unless told, and then refuses most schemas.
      writer.member("strict", tool.isStrict)
      writer.endObject()
    }
    writer.endArray()
    switch tools.choice {
    case .auto: break
    case .required: writer.member("tool_choice", "required")
    case .tool(let name):
      writer.key("tool_choice")
      writer.beginObject()
      writer.member("type", "function")
      writer.member("name", name)
      writer.endObject()
    }
    if !tools.parallel { writer.member("parallel_tool_calls", false) }
  }

  /// Models that do not reason refuse to be asked for the reasoning's encrypted content.
  private static func reasons(_ model: String) -> Bool {
    let model = model.split(separator: "/").last ?? ""
    return !["gpt-3.5", "gpt-4", "chatgpt-4o", "gpt-5-chat"].contains { model.hasPrefix($0) }
  }
}
