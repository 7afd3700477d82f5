package import Wire

/// A piece of a message.
package enum MessagePart: Sendable, Equatable {
  case text(String)
  /// An image that the provider fetches itself.
  case image(url: String)
  /// `data` is Base64 with padding (RFC 4648, section 4); `mediaType` such as `image/png`.
  case imageData(mediaType: String, data: String)
  /// The model has called a tool; `arguments` is a JSON object.
  case toolCall(ToolCall)
  /// What that call gave.
  case toolResult(ToolResult)
  /// A block of an answer that its provider wants back unchanged; other drivers leave it out.
  case kept(driver: String, json: [UInt8])

  package struct ToolCall: Sendable, Equatable {
    package let id: String
    package let name: String
    package let arguments: String
    /// The provider's, to go back with the call.
    package let signature: String?

    package init(id: String, name: String, arguments: String, signature: String? = nil) {
      self.id = id
      self.name = name
      self.arguments = arguments
      self.signature = signature
    }

    /// The arguments as providers want them that take no text: an object, empty where the model wrote none.
    var input: [UInt8] {
      guard let document = try? JSONDocument(parsing: arguments), document.root.kind == .object else {
        return Array("{}".utf8)
      }
      return document.root.minified ?? Array("{}".utf8)
    }
  }

  package struct ToolResult: Sendable, Equatable {
    /// The call's id, and the tool's name.
    package let id: String
    package let name: String
    package let text: String
    package let isError: Bool

    package init(id: String, name: String, text: String, isError: Bool = false) {
      self.id = id
      self.name = name
      self.text = text
      self.isError = isError
    }
  }

  /// The parts of a message as the database holds them: an array of `{"type":"text","text":…}`,
  /// `{"type":"image","url":…}`, `{"type":"image","media_type":…,"data":…}`,
  /// `{"type":"tool_call","id":…,"name":…,"arguments":…}` and `{"type":"tool_result","id":…,"name":…,"text":…}`. They were
  /// checked when they came in; what a later program has written, of a type that this one does not know, is left out.
  /// Throws `model_misconfigured` for what is no JSON.
  package static func parse(_ json: [UInt8]) throws(ProviderError) -> [MessagePart] {
    let document: JSONDocument
    do { document = try JSONDocument(parsing: json) } catch {
      throw ProviderError(.misconfigured, cause: "parts of a message: \(error.rawValue)")
    }
    return parse(document.root)
  }

  /// As above, for an array that stands in another document.
  package static func parse(_ array: JSONElement) -> [MessagePart] { array.elements.compactMap { MessagePart($0) } }

  /// Writes parts as `parse` takes them, members in a fixed order. Kept blocks are left out: they are of one round.
  package static func write(_ parts: [MessagePart], to writer: inout JSONWriter) {
    writer.beginArray()
    for part in parts { part.write(to: &writer) }
    writer.endArray()
  }

  private func write(to writer: inout JSONWriter) {
    if case .kept = self { return }
    writer.beginObject()
    switch self {
    case .text(let text):
      writer.member("type", "text")
      writer.member("text", text)
    case .image(let url):
      writer.member("type", "image")
      writer.member("url", url)
    case .imageData(let type, let data):
      writer.member("type", "image")
      writer.member("media_type", type)
      writer.member("data", data)
    case .toolCall(let call):
      writer.member("type", "tool_call")
      writer.member("id", call.id)
      writer.member("name", call.name)
      writer.member("arguments", call.arguments)
    case .toolResult(let result):
      writer.member("type", "tool_result")
      writer.member("id", result.id)
      writer.member("name", result.name)
      writer.member("text", result.text)
    case .kept: break
    }
    writer.endObject()
  }

  private init?(_ part: JSONElement) {
    switch part["type"]?.string {
    case "text":
      guard let text = part["text"]?.string else { return nil }
      self = .text(text)
    case "image":
      if let url = part["url"]?.string {
        self = .image(url: url)
      } else if let mediaType = part["media_type"]?.string, let data = part["data"]?.string {
        self = .imageData(mediaType: mediaType, data: data)
      } else {
        return nil
      }
    case "tool_call":
      guard let id = part["id"]?.string, let name = part["name"]?.string, let arguments = part["arguments"]?.string
      else { return nil }
      self = .toolCall(ToolCall(id: id, name: name, arguments: arguments))
    case "tool_result":
      guard let id = part["id"]?.string, let name = part["name"]?.string, let text = part["text"]?.string else {
        return nil
      }
      self = .toolResult(ToolResult(id: id, name: name, text: text))
    default: return nil
    }
  }

  /// Bytes that it takes in a request, roughly.
  var size: Int {
    switch self {
    case .text(let text): text.utf8.count
    case .image(let url): url.utf8.count
    case .imageData(_, let data): data.utf8.count
    case .toolCall(let call): call.arguments.utf8.count + call.name.utf8.count
    case .toolResult(let result): result.text.utf8.count
    case .kept(_, let json): json.count
    }
  }

  var isOfTools: Bool {
    switch self {
    case .toolCall, .toolResult: true
    case .text, .image, .imageData, .kept: false
    }
  }
}

extension MessagePart.ToolCall {
  /// The arguments for a provider that takes an object, not a text: without white space, `{}` for what is no object.
  var argumentsObject: [UInt8] {
    guard let document = try? JSONDocument(parsing: arguments), document.root.kind == .object,
      let json = document.root.minified
    else { return Array("{}".utf8) }
    return json
  }
}

extension MessagePart: Redacted {
  package var description: String {
    switch self {
    case .text: "text"
    case .image, .imageData: "image"
    case .toolCall: "tool call"
    case .toolResult: "tool result"
    case .kept: "kept block"
    }
  }
}
