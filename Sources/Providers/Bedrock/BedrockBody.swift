import Wire

/// The JSON body of Converse (docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html).
///
/// The API knows no seed, no penalties and no way to forbid parallel calls: these hints are left out. Effort is said in the
/// words of the model: Claude's own, else `reasoning_effort`.
struct BedrockBody {
  let bytes: [UInt8]

  /// `driver`: who has written the blocks that are sent back. Throws `model_misconfigured` for a parameter that the API
  /// does not take, `upstream_refused` for an image that it does not.
  init(_ call: ProviderCall, driver: String) throws(ProviderError) {
    let hasTools = call.tools.map { !$0.list.isEmpty } ?? false
    // Without tools the API refuses messages that speak of them.
    let messages = AlternatingMessages(
      call, messages: hasTools ? call.messages : call.messages.compactMap(\.withoutTools), driver: driver)
    let size = messages.turns.reduce(0) { $0 + $1.parts.reduce(64) { $0 + $1.size + 64 } }
    var writer = JSONWriter(capacity: 512 + size)
    writer.beginObject()
    if let system = messages.system {
      writer.key("system")
      writer.beginArray()
      Self.write(text: system, to: &writer)
      writer.endArray()
    }
    writer.key("messages")
    writer.beginArray()
    for turn in messages.turns { try Self.write(turn, to: &writer) }
    writer.endArray()
    try BedrockSettings(call).write(to: &writer)
    if hasTools, let tools = call.tools { Self.write(tools, to: &writer) }
    writer.endObject()
    bytes = writer.bytes
  }

  private static func write(
    _ turn: AlternatingMessages.Turn, to writer: inout JSONWriter
  ) throws(ProviderError) {
    writer.beginObject()
    writer.member("role", turn.isUser ? "user" : "assistant")
    writer.key("content")
    writer.beginArray()
    for part in turn.parts { try write(part, to: &writer) }
    writer.endArray()
    writer.endObject()
  }

  private static func write(_ part: MessagePart, to writer: inout JSONWriter) throws(ProviderError) {
    switch part {
    case .text(let text): write(text: text, to: &writer)
    case .image: throw ProviderError(.refused, cause: "an image by URL: Bedrock takes none")
    case .imageData(let mediaType, let data): try write(image: data, mediaType, to: &writer)
    case .toolCall(let call):
      writer.beginObject()
      writer.key("toolUse")
      writer.beginObject()
      writer.member("toolUseId", call.id)
      writer.member("name", call.name)
      writer.key("input")
      writer.raw(call.input)
      writer.endObject()
      writer.endObject()
    case .toolResult(let result): write(result, to: &writer)
    case .kept(_, let json): writer.raw(json)
    }
  }

  private static func write(text: String, to writer: inout JSONWriter) {
    writer.beginObject()
    writer.member("text", text)
    writer.endObject()
  }

  private static func write(
    image data: String, _ mediaType: String, to writer: inout JSONWriter
  ) throws(ProviderError) {
    let format: String
    switch mediaType.lowercased() {
    case "image/png": format = "png"
    case "image/jpeg", "image/jpg": format = "jpeg"
    case "image/gif": format = "gif"
    case "image/webp": format = "webp"
    default: throw ProviderError(.refused, cause: "an image that is no PNG, JPEG, GIF or WebP: Bedrock takes none")
    }
    writer.beginObject()
    writer.key("image")
    writer.beginObject()
    writer.member("format", format)
    writer.key("source")
    writer.beginObject()
    writer.member("bytes", data)
    writer.endObject()
    writer.endObject()
    writer.endObject()
  }

  private static func write(_ result: MessagePart.ToolResult, to writer: inout JSONWriter) {
    writer.beginObject()
    writer.key("toolResult")
    writer.beginObject()
    writer.member("toolUseId", result.id)
    writer.key("content")
    writer.beginArray()
    write(text: result.text, to: &writer)
    writer.endArray()
    if result.isError { writer.member("status", "error") }
    writer.endObject()
    writer.endObject()
  }

  private static func write(_ tools: ProviderTools, to writer: inout JSONWriter) {
    writer.key("toolConfig")
    writer.beginObject()
    writer.key("tools")
    writer.beginArray()
    for tool in tools.list {
      writer.beginObject()
      writer.key("toolSpec")
      writer.beginObject()
      writer.member("name", tool.name)
      if !tool.description.isEmpty { writer.member("description", tool.description) }
      writer.key("inputSchema")
      writer.beginObject()
      writer.key("json")
      writer.raw(tool.schema)
      writer.endObject()
      writer.endObject()
      writer.endObject()
    }
    writer.endArray()
    switch tools.choice {
    case .auto: break
    case .required:
      writer.key("toolChoice")
      writer.raw(#"{"any":{}}"#)
    case .tool(let name):
      writer.key("toolChoice")
      writer.beginObject()
      writer.key("tool")
      writer.beginObject()
      writer.member("name", name)
      writer.endObject()
      writer.endObject()
    }
    writer.endObject()
  }
}
