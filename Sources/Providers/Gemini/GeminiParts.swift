import Wire

/// The parts of one content.
///
/// A part that came signed goes back as it came, and its text must not be joined with that of others
/// (ai.google.dev/gemini-api/docs/thought-signatures): so it is kept whole, behind a text of the message that ends in its
/// own, and is cut off there.
enum GeminiParts {
  /// Whether anything is written of a part.
  static func isSent(_ part: MessagePart) -> Bool {
    switch part {
    case .text(let text): !text.isEmpty
    case .image, .imageData, .toolCall, .toolResult: true
    case .kept(let driver, _): driver == "gemini"
    }
  }

  /// Throws `upstream_refused` for an image that is not at hand: the API fetches none from the web.
  static func write(_ parts: [MessagePart], to writer: inout JSONWriter) throws(ProviderError) {
    let parts = parts.filter(isSent)
    for (index, part) in parts.enumerated() {
      switch part {
      case .text(let text): write(text, before: index + 1 < parts.count ? parts[index + 1] : nil, to: &writer)
      case .image: throw ProviderError(.refused, cause: "an image by URL: Gemini takes its bytes only")
      case .imageData(let mediaType, let data): write(mediaType, data, to: &writer)
      case .toolCall(let call): write(call, to: &writer)
      case .toolResult(let result): write(result, to: &writer)
      case .kept(_, let json): writer.raw(json)
      }
    }
  }

  private static func write(_ text: String, before next: MessagePart?, to writer: inout JSONWriter) {
    var text = text[...]
    if case .kept(_, let json)? = next, let signed = signedText(json),
      text.utf8.reversed().starts(with: signed.utf8.reversed())
    {
      text = text[..<text.utf8.index(text.endIndex, offsetBy: -signed.utf8.count)]
      if text.isEmpty { return }
    }
    writer.beginObject()
    writer.member("text", String(text))
    writer.endObject()
  }

  /// What of the text before it a kept part says itself; nil for a thought and a part without text.
  private static func signedText(_ json: [UInt8]) -> String? {
    guard let document = try? JSONDocument(parsing: json), document.root["thought"]?.bool != true else { return nil }
    return document.root["text"]?.string
  }

  private static func write(_ mediaType: String, _ data: String, to writer: inout JSONWriter) {
    writer.beginObject()
    writer.key("inlineData")
    writer.beginObject()
    writer.member("mimeType", mediaType)
    writer.member("data", data)
    writer.endObject()
    writer.endObject()
  }

  private static func write(_ call: MessagePart.ToolCall, to writer: inout JSONWriter) {
    writer.beginObject()
    writer.key("functionCall")
    writer.beginObject()
    writer.member("id", call.id)
    writer.member("name", call.name)
    writer.key("args")
    writer.raw(call.argumentsObject)
    writer.endObject()
    writer.member("thoughtSignature", call.signature)
    writer.endObject()
  }

  private static func write(_ result: MessagePart.ToolResult, to writer: inout JSONWriter) {
    writer.beginObject()
    writer.key("functionResponse")
    writer.beginObject()
    writer.member("id", result.id)
    writer.member("name", result.name)
    writer.key("response")
    writer.beginObject()
    writer.member(result.isError ? "error" : "output", result.text)
    writer.endObject()
    writer.endObject()
    writer.endObject()
  }
}
