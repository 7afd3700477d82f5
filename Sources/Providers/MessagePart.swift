import Wire

/// A piece of a message.
package enum MessagePart: Sendable, Equatable {
  case text(String)
  /// An image that the provider fetches itself.
  case image(url: String)
  /// `data` is Base64 with padding (RFC 4648, section 4); `mediaType` such as `image/png`.
  case imageData(mediaType: String, data: String)

  /// The parts of a message as the database holds them: an array of `{"type":"text","text":…}`,
  /// `{"type":"image","url":…}` and `{"type":"image","media_type":…,"data":…}`. They were checked when they came in; what
  /// a later program has written, of a type that this one does not know, is left out. Throws `model_misconfigured` for
  /// what is no JSON.
  package static func parse(_ json: [UInt8]) throws(ProviderError) -> [MessagePart] {
    let document: JSONDocument
    do { document = try JSONDocument(parsing: json) } catch {
      throw ProviderError(.misconfigured, cause: "parts of a message: \(error.rawValue)")
    }
    return document.root.elements.compactMap { MessagePart($0) }
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
    default: return nil
    }
  }

  /// Bytes that it takes in a request, roughly.
  var size: Int {
    switch self {
    case .text(let text): text.utf8.count
    case .image(let url): url.utf8.count
    case .imageData(_, let data): data.utf8.count
    }
  }
}

extension MessagePart: Redacted {
  package var description: String {
    switch self {
    case .text: "text"
    case .image, .imageData: "image"
    }
  }
}
