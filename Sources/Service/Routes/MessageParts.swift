import FoundationEssentials
import Providers
import Store
import Wire

/// The user's message of a start, checked: a string, or a list of text and image parts.
struct MessageParts: Sendable {
  /// The parts as they are stored, members in a fixed order.
  let json: [UInt8]
  /// What the message will roughly cost the model.
  let estimatedTokens: Int
  /// How many there are.
  let images: Int

  /// Bytes of all text.
  static let longestText = 256 * 1024
  static let mostImages = 16
  static let longestURL = 2_048
  /// What a provider can be expected to take.
  static let imageTypes: Set<String> = ["image/png", "image/jpeg", "image/gif", "image/webp"]

  /// Throws 400 for what is no message, 413 and 422 for one that cannot be taken.
  init(_ value: JSONElement) throws(Refusal) { try self.init(Self.parts(value)) }

  /// The same for parts that were read elsewhere. Throws 413 and 422.
  init(_ parts: [MessagePart]) throws(Refusal) {
    var bytes = 0
    var images = 0
    var saysSomething = false
    for part in parts {
      switch part {
      case .text(let text):
        bytes += text.utf8.count
        saysSomething = saysSomething || text.contains { !$0.isWhitespace }
      case .image, .imageData: images += 1
      // No client sends these.
      case .toolCall, .toolResult, .kept: break
      }
    }
    guard saysSomething || images > 0 else { throw Refusal(422, .emptyMessage, "The message is empty.") }
    guard bytes <= Self.longestText else {
      throw Refusal(413, .messageTooLong, "The message is longer than \(Self.longestText) bytes.")
    }
    guard images <= Self.mostImages else {
      throw Refusal(422, .tooManyImages, "The message has more than \(Self.mostImages) images.")
    }
    var writer = JSONWriter()
    MessagePart.write(parts, to: &writer)
    json = writer.bytes
    estimatedTokens = TokenEstimate.of(text: bytes, images: images)
    self.images = images
  }

  private static func parts(_ value: JSONElement) throws(Refusal) -> [MessagePart] {
    if let text = value.string { return [.text(text)] }
    guard value.kind == .array else {
      throw Refusal.malformed("`message` is neither a string nor a list of parts.")
    }
    var parts: [MessagePart] = []
    for element in value.elements { parts.append(try part(element)) }
    return parts
  }

  private static func part(_ element: JSONElement) throws(Refusal) -> MessagePart {
    guard let type = element["type"]?.string else { throw Refusal.malformed("A part of `message` has no `type`.") }
    switch type {
    case "text":
      try refuseUnknown(element, allowed: ["type", "text"])
      guard let text = element["text"]?.string else { throw Refusal.malformed("A text part has no `text`.") }
      return .text(text)
    case "image":
      try refuseUnknown(element, allowed: ["type", "url", "data", "media_type"])
      return try image(element)
    default:
      throw Refusal(422, .unsupportedPart, "Parts of type `\(type.prefix(50))` are not supported.")
    }
  }

  private static func refuseUnknown(_ part: JSONElement, allowed: Set<String>) throws(Refusal) {
    for (name, _) in part.members {
      let name = name.string ?? ""
      guard allowed.contains(name) else {
        throw Refusal.malformed("`\(name.prefix(50))` is not a member of such a part.")
      }
    }
  }

  private static func image(_ part: JSONElement) throws(Refusal) -> MessagePart {
    switch (part["url"], part["data"]) {
    case (let url?, nil):
      guard let text = url.string, isWebAddress(text), part["media_type"] == nil else {
        throw Refusal.malformed(
          "The `url` of an image is no http or https address of at most \(longestURL) bytes, or stands beside `media_type`."
        )
      }
      return .image(url: text)
    case (nil, let data?): return try image(part["media_type"]?.string, data.string)
    default:
      throw Refusal.malformed("An image has either a `url` or `data`.")
    }
  }

  /// An image that comes along; nil for what was no text.
  static func image(_ type: String?, _ data: String?) throws(Refusal) -> MessagePart {
    guard let type, imageTypes.contains(type) else {
      throw Refusal(
        422, .unsupportedImage,
        "The `media_type` of an image is none of \(imageTypes.sorted().joined(separator: ", ")).")
    }
    // Strict: padded, and nothing outside of the alphabet (RFC 4648, section 4).
    guard let data, !data.isEmpty, Data(base64Encoded: data) != nil else {
      throw Refusal.malformed("The `data` of an image is not base64.")
    }
    return .imageData(mediaType: type, data: data)
  }

  /// It is the provider who fetches it, so no more is asked than that nothing else hides in it.
  static func isWebAddress(_ text: String) -> Bool {
    guard text.utf8.count <= longestURL, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return false }
    guard let scheme = ["https://", "http://"].first(where: { text.lowercased().hasPrefix($0) }) else { return false }
    let host = text.dropFirst(scheme.count).prefix { !"/?#".contains($0) }
    return !host.isEmpty && !host.contains("@")
  }
}
