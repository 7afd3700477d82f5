import Wire

/// The JSON body of a chat completion request. Members of the route's overrides stand in place of our own of that name.
struct OpenAIBody {
  private(set) var bytes: [UInt8]

  init(_ call: ProviderCall) throws(ProviderError) {
    let overrides = try Self.members(of: call.route.overrides)
    let size = call.messages.reduce(0) { $0 + $1.parts.reduce(64) { $0 + $1.size + 64 } }
    var writer = JSONWriter(capacity: 512 + size)
    func member(_ name: String, _ write: (inout JSONWriter) -> Void) {
      guard !overrides.contains(where: { $0.name == name }) else { return }
      writer.key(escaping: name)
      write(&writer)
    }
    writer.beginObject()
    member("model") { $0.string(call.route.model) }
    member("messages") { Self.write(call, to: &$0) }
    for (key, json) in call.parameters.all { member(Self.name(of: key, for: call.route)) { $0.raw(json) } }
    member("stream") { $0.bool(call.streaming) }
    if call.streaming { member("stream_options") { $0.raw(#"{"include_usage":true}"#) } }
    for (name, json) in overrides {
      writer.key(escaping: name)
      writer.raw(json)
    }
    writer.endObject()
    bytes = writer.bytes
  }

  private static func write(_ call: ProviderCall, to writer: inout JSONWriter) {
    writer.beginArray()
    if let prompt = call.systemPrompt { write(ProviderMessage(role: .system, text: prompt), to: &writer) }
    for message in call.messages { write(message, to: &writer) }
    writer.endArray()
  }

  private static func write(_ message: ProviderMessage, to writer: inout JSONWriter) {
    writer.beginObject()
    writer.member("role", message.role.rawValue)
    if let text = message.plainText {
      // Many servers know no other form.
      writer.member("content", text)
    } else {
      writer.key("content")
      writer.beginArray()
      for part in message.parts { write(part, to: &writer) }
      writer.endArray()
    }
    writer.endObject()
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

  /// OpenAI itself has deprecated `max_tokens`, and its reasoning models refuse it; most other servers know nothing else.
  private static func name(of key: ProviderParameters.Key, for route: ProviderRoute) -> String {
    guard key == .maxTokens else { return key.rawValue }
    let host = ProviderEndpoint.host(of: route.endpoint)
    let model = route.model.split(separator: "/").last ?? ""
    let isOpenAI =
      host == "api.openai.com" || host.hasSuffix(".api.openai.com") || host.hasSuffix(".azure.com")
      || ["o1", "o3", "o4", "gpt-5"].contains { model.hasPrefix($0) }
    return isOpenAI ? "max_completion_tokens" : "max_tokens"
  }

  /// The overrides' members, the last of each name. `stream` is refused: the answer's decoder follows our own.
  private static func members(of overrides: String?) throws(ProviderError) -> [(name: String, json: [UInt8])] {
    guard let overrides else { return [] }
    let document: JSONDocument
    do { document = try JSONDocument(parsing: overrides, limit: 64 << 10) } catch {
      throw ProviderError(.misconfigured, cause: "overrides: \(error.rawValue)")
    }
    guard document.root.kind == .object else { throw ProviderError(.misconfigured, cause: "overrides: not an object") }
    var members: [(name: String, json: [UInt8])] = []
    for (name, value) in document.root.members {
      guard let name = name.string, let json = value.minified else { continue }
      if name == "stream" {
        throw ProviderError(.misconfigured, cause: "overrides.stream: use the virtual model's stream switch")
      }
      members.removeAll { $0.name == name }
      members.append((name, json))
    }
    return members
  }
}
