import Wire

/// The JSON body of a request to `generateContent` (ai.google.dev/api/generate-content).
struct GeminiBody {
  private(set) var bytes: [UInt8]

  /// Throws `upstream_refused` for an image that is not at hand.
  init(_ call: ProviderCall) throws(ProviderError) {
    let size = call.messages.reduce(0) { $0 + $1.parts.reduce(64) { $0 + $1.size + 64 } }
    var writer = JSONWriter(capacity: 512 + size)
    writer.beginObject()
    Self.writeInstruction(of: call, to: &writer)
    writer.key("contents")
    writer.beginArray()
    for (role, parts) in Self.contents(of: call.messages) {
      writer.beginObject()
      writer.member("role", role.rawValue)
      writer.key("parts")
      writer.beginArray()
      try GeminiParts.write(parts, to: &writer)
      writer.endArray()
      writer.endObject()
    }
    writer.endArray()
    GeminiGeneration.write(call, to: &writer)
    if let tools = call.tools, !tools.list.isEmpty { Self.write(tools, to: &writer) }
    writer.endObject()
    bytes = writer.bytes
  }

  private enum Role: String { case user, model }

  /// All that the system says, wherever it stands.
  private static func writeInstruction(of call: ProviderCall, to writer: inout JSONWriter) {
    var texts = call.systemPrompt.map { [$0] } ?? []
    for message in call.messages where message.role == .system {
      for case .text(let text) in message.parts { texts.append(text) }
    }
    if texts.isEmpty { return }
    writer.key("systemInstruction")
    writer.beginObject()
    writer.key("parts")
    writer.beginArray()
    for text in texts {
      writer.beginObject()
      writer.member("text", text)
      writer.endObject()
    }
    writer.endArray()
    writer.endObject()
  }

  /// User and model take turns: what one says in several messages is one content.
  private static func contents(of messages: [ProviderMessage]) -> [(role: Role, parts: [MessagePart])] {
    var contents: [(role: Role, parts: [MessagePart])] = []
    for message in messages where message.role != .system && message.parts.contains(where: GeminiParts.isSent) {
      let role: Role = message.role == .assistant ? .model : .user
      if let last = contents.indices.last, contents[last].role == role {
        contents[last].parts += message.parts
      } else {
        contents.append((role, message.parts))
      }
    }
    return contents
  }

  /// The API has no switch against several calls in one answer.
  private static func write(_ tools: ProviderTools, to writer: inout JSONWriter) {
    writer.key("tools")
    writer.beginArray()
    writer.beginObject()
    writer.key("functionDeclarations")
    writer.beginArray()
    for tool in tools.list {
      writer.beginObject()
      writer.member("name", tool.name)
      writer.member("description", tool.description)
      // `parameters` knows but a part of JSON Schema.
      writer.key("parametersJsonSchema")
      writer.raw(tool.schema)
      writer.endObject()
    }
    writer.endArray()
    writer.endObject()
    writer.endArray()
    if tools.choice == .auto { return }
    writer.key("toolConfig")
    writer.beginObject()
    writer.key("functionCallingConfig")
    writer.beginObject()
    writer.member("mode", "ANY")
    if case .tool(let name) = tools.choice {
      writer.key("allowedFunctionNames")
      writer.beginArray()
      writer.string(name)
      writer.endArray()
    }
    writer.endObject()
    writer.endObject()
  }
}
