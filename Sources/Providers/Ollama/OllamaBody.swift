import Wire

/// The JSON body of a request to `/api/chat` (docs.ollama.com/api/chat).
struct OllamaBody {
  private(set) var bytes: [UInt8]

  /// Throws `upstream_refused` for an image that is not at hand.
  init(_ call: ProviderCall) throws(ProviderError) {
    let size = call.messages.reduce(0) { $0 + $1.parts.reduce(64) { $0 + $1.size + 64 } }
    var writer = JSONWriter(capacity: 512 + size)
    writer.beginObject()
    writer.member("model", call.route.model)
    writer.key("messages")
    writer.beginArray()
    if let prompt = call.systemPrompt { try Self.write(ProviderMessage(role: .system, text: prompt), to: &writer) }
    for message in call.messages { try Self.write(message, to: &writer) }
    writer.endArray()
    if let tools = call.tools { Self.write(tools, to: &writer) }
    Self.write(call.parameters, for: call.route.model, to: &writer)
    writer.member("stream", call.streaming)
    writer.endObject()
    bytes = writer.bytes
  }

  private static func write(_ message: ProviderMessage, to writer: inout JSONWriter) throws(ProviderError) {
    if message.role == .tool {
      for case .toolResult(let result) in message.parts { write(result, to: &writer) }
      return
    }
    writer.beginObject()
    writer.member("role", message.role.rawValue)
    writer.member("content", text(of: message))
    for case .kept("ollama", let thinking) in message.parts {
      writer.key("thinking")
      writer.raw(thinking)
    }
    try writeImages(of: message, to: &writer)
    writeCalls(of: message, to: &writer)
    writer.endObject()
  }

  private static func text(of message: ProviderMessage) -> String {
    message.parts.map { if case .text(let text) = $0 { text } else { "" } }.joined()
  }

  private static func writeImages(
    of message: ProviderMessage, to writer: inout JSONWriter
  ) throws(ProviderError) {
    var images: [String] = []
    for part in message.parts {
      switch part {
      case .imageData(_, let data): images.append(data)
      case .image: throw ProviderError(.refused, cause: "an image by URL: Ollama takes its bytes only")
      case .text, .toolCall, .toolResult, .kept: break
      }
    }
    if images.isEmpty { return }
    writer.key("images")
    writer.beginArray()
    for image in images { writer.string(image) }
    writer.endArray()
  }

  private static func writeCalls(of message: ProviderMessage, to writer: inout JSONWriter) {
    guard message.parts.contains(where: \.isOfTools) else { return }
    writer.key("tool_calls")
    writer.beginArray()
    for case .toolCall(let call) in message.parts {
      writer.beginObject()
      writer.member("id", call.id)
      writer.key("function")
      writer.beginObject()
      writer.member("name", call.name)
      writer.key("arguments")
      writer.raw(call.argumentsObject)
      writer.endObject()
      writer.endObject()
    }
    writer.endArray()
  }

  private static func write(_ result: MessagePart.ToolResult, to writer: inout JSONWriter) {
    writer.beginObject()
    writer.member("role", "tool")
    writer.member("tool_name", result.name)
    writer.member("tool_call_id", result.id)
    writer.member("content", result.text)
    writer.endObject()
  }

  /// Ollama leaves the choice to the model. Where one tool must be called, it is the only one that is offered.
  private static func write(_ tools: ProviderTools, to writer: inout JSONWriter) {
    let list = tools.list.filter { if case .tool(let name) = tools.choice { $0.name == name } else { true } }
    if list.isEmpty { return }
    writer.key("tools")
    writer.beginArray()
    for tool in list {
      writer.beginObject()
      writer.member("type", "function")
      writer.key("function")
      writer.beginObject()
      tool.writeFunction(to: &writer)
      writer.endObject()
      writer.endObject()
    }
    writer.endArray()
  }

  private static func write(_ parameters: ProviderParameters, for model: String, to writer: inout JSONWriter) {
    switch parameters.form {
    case .json: writer.member("format", "json")
    case .schema(_, let schema):
      writer.key("format")
      writer.raw(schema)
    case .text, nil: break
    }
    if let effort = parameters.effort { write(effort, for: model, to: &writer) }
    let options = parameters.all.compactMap { (key, json) in option(key).map { ($0, key, json) } }
    if options.isEmpty { return }
    writer.key("options")
    writer.beginObject()
    for (name, key, json) in options {
      writer.key(name)
      if key == .stop {
        writer.beginArray()
        for stop in parameters.stop { writer.string(stop) }
        writer.endArray()
      } else {
        writer.raw(json)
      }
    }
    writer.endObject()
  }

  /// What Ollama calls it among the options; nil for what is none.
  private static func option(_ key: ProviderParameters.Key) -> StaticString? {
    switch key {
    case .temperature: "temperature"
    case .topP: "top_p"
    case .maxTokens: "num_predict"
    case .stop: "stop"
    case .seed: "seed"
    case .presencePenalty: "presence_penalty"
    case .frequencyPenalty: "frequency_penalty"
    case .reasoningEffort, .responseFormat: nil
    }
  }

  /// gpt-oss knows levels; of the others, many refuse them (docs.ollama.com/capabilities/thinking).
  private static func write(
    _ effort: ProviderParameters.Effort, for model: String, to writer: inout JSONWriter
  ) {
    guard effort != .none, (model.split(separator: "/").last ?? "").hasPrefix("gpt-oss") else {
      return writer.member("think", effort != .none)
    }
    switch effort {
    case .none, .minimal, .low: writer.member("think", "low")
    case .medium: writer.member("think", "medium")
    case .high, .xhigh: writer.member("think", "high")
    }
  }
}
