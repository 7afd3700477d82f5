import Wire

/// The JSON body of a chat completion request.
struct OpenAIBody {
  private(set) var bytes: [UInt8]

  init(_ call: ProviderCall, _ kind: OpenAIDriver.Kind) {
    let size = call.messages.reduce(0) { $0 + $1.parts.reduce(64) { $0 + $1.size + 64 } }
    var writer = JSONWriter(capacity: 512 + size)
    writer.beginObject()
    writer.member("model", call.route.model)
    writer.key("messages")
    writer.beginArray()
    if let prompt = call.systemPrompt { Self.write(ProviderMessage(role: .system, text: prompt), to: &writer) }
    for message in call.messages { Self.write(message, to: &writer) }
    writer.endArray()
    for (key, json) in call.parameters.all {
      writer.key(escaping: Self.name(of: key, for: call.route, kind))
      writer.raw(json)
    }
    if let tools = call.tools, !tools.list.isEmpty { Self.write(tools, to: &writer) }
    writer.member("stream", call.streaming)
    if call.streaming {
      writer.key("stream_options")
      writer.raw(#"{"include_usage":true}"#)
    }
    writer.endObject()
    bytes = writer.bytes
  }

  private static func write(_ message: ProviderMessage, to writer: inout JSONWriter) {
    if message.role == .tool {
      for case .toolResult(let result) in message.parts { write(result, to: &writer) }
      return
    }
    let content = ProviderMessage(role: message.role, parts: message.parts.filter(isContent))
    writer.beginObject()
    writer.member("role", message.role.rawValue)
    if let text = content.plainText {
      // Many servers know no other form.
      writer.member("content", text)
    } else {
      writer.key("content")
      writer.beginArray()
      for part in content.parts { write(part, to: &writer) }
      writer.endArray()
    }
    writeCalls(of: message, to: &writer)
    writer.endObject()
  }

  private static func isContent(_ part: MessagePart) -> Bool {
    switch part {
    case .text, .image, .imageData: true
    case .toolCall, .toolResult, .kept: false
    }
  }

  /// platform.openai.com/docs/api-reference/chat/create, content parts of a user message.
  private static func write(_ part: MessagePart, to writer: inout JSONWriter) {
    writer.beginObject()
    switch part {
    case .text(let text):
      writer.member("type", "text")
      writer.member("text", text)
    case .image(let url):
      write(imageURL: url, to: &writer)
    case .imageData(let mediaType, let data):
      write(imageURL: "data:\(mediaType);base64,\(data)", to: &writer)
    case .toolCall, .toolResult, .kept: break
    }
    writer.endObject()
  }

  private static func write(imageURL url: String, to writer: inout JSONWriter) {
    writer.member("type", "image_url")
    writer.key("image_url")
    writer.beginObject()
    writer.member("url", url)
    writer.endObject()
  }

  private static func writeCalls(of message: ProviderMessage, to writer: inout JSONWriter) {
    guard message.parts.contains(where: \.isOfTools) else { return }
    writer.key("tool_calls")
    writer.beginArray()
    for case .toolCall(let call) in message.parts {
      writer.beginObject()
      writer.member("id", call.id)
      writer.member("type", "function")
      writer.key("function")
      writer.beginObject()
      writer.member("name", call.name)
      writer.member("arguments", call.arguments)
      writer.endObject()
      writer.endObject()
    }
    writer.endArray()
  }

  private static func write(_ result: MessagePart.ToolResult, to writer: inout JSONWriter) {
    writer.beginObject()
    writer.member("role", "tool")
    writer.member("tool_call_id", result.id)
    writer.member("content", result.text)
    writer.endObject()
  }

  private static func write(_ tools: ProviderTools, to writer: inout JSONWriter) {
    writer.key("tools")
    writer.beginArray()
    for tool in tools.list {
      writer.beginObject()
      writer.member("type", "function")
      writer.key("function")
      writer.beginObject()
      tool.writeFunction(to: &writer)
      // Most servers know no such member.
      if tool.isStrict { writer.member("strict", true) }
      writer.endObject()
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
      writer.key("function")
      writer.beginObject()
      writer.member("name", name)
      writer.endObject()
      writer.endObject()
    }
    if !tools.parallel { writer.member("parallel_tool_calls", false) }
  }

  /// OpenAI itself has deprecated `max_tokens`, and its reasoning models refuse it; most other servers know nothing else.
  private static func name(
    of key: ProviderParameters.Key, for route: ProviderRoute, _ kind: OpenAIDriver.Kind
  ) -> String {
    guard key == .maxTokens else { return key.rawValue }
    let host = ProviderEndpoint.host(of: route.endpoint)
    let model = route.model.split(separator: "/").last ?? ""
    let isOpenAI =
      kind == .azure || host == "api.openai.com" || host.hasSuffix(".api.openai.com") || host.hasSuffix(".azure.com")
      || ["o1", "o3", "o4", "gpt-5"].contains { model.hasPrefix($0) }
    return isOpenAI ? "max_completion_tokens" : "max_tokens"
  }
}
