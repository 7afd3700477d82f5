import Providers
import Wire

/// `content` of a message: a string, or a list of parts (platform.openai.com/docs/api-reference/chat/create).
enum CompletionContent {
  /// Parts of one message.
  static let mostParts = 1_024

  /// Text and images. Throws 400; what the images hold is checked as everywhere.
  static func parts(_ content: JSONElement?, _ param: String) throws(Refusal) -> [MessagePart] {
    if let text = content?.string { return [.text(text)] }
    guard let content, content.kind == .array, (1...mostParts).contains(content.count) else {
      throw Refusal.malformed("`content` is neither a string nor a list of 1 to \(mostParts) parts.").at(param)
    }
    var parts: [MessagePart] = []
    for (index, element) in content.elements.enumerated() {
      parts.append(try part(element, "\(param)[\(index)]"))
    }
    return parts
  }

  /// Text alone.
  static func texts(_ content: JSONElement?, _ param: String) throws(Refusal) -> [MessagePart] {
    let parts = try parts(content, param)
    for (index, part) in parts.enumerated() {
      guard case .text = part else { throw CompletionRequest.unsupported("\(param)[\(index)].type") }
    }
    return parts
  }

  private static func part(_ part: JSONElement, _ param: String) throws(Refusal) -> MessagePart {
    switch part["type"]?.string {
    case "text":
      guard let text = part["text"]?.string else { throw Refusal.malformed("A text part has no `text`.").at(param) }
      return .text(text)
    case "refusal":
      guard let text = part["refusal"]?.string else {
        throw Refusal.malformed("A refusal part has no `refusal`.").at(param)
      }
      return .text(text)
    case "image_url":
      let url = "\(param).image_url.url"
      guard let text = part["image_url"]?["url"]?.string else {
        throw Refusal.malformed("An image part has no `url`.").at(url)
      }
      do throws(Refusal) { return try image(text) } catch { throw error.at(url) }
    case nil: throw Refusal.malformed("A part of `content` has no `type`.").at(param)
    default: throw CompletionRequest.unsupported("\(param).type")
    }
  }

  /// An address, or the image itself: `data:image/png;base64,…` (RFC 2397).
  private static func image(_ url: String) throws(Refusal) -> MessagePart {
    let bytes = url.utf8
    guard bytes.starts(with: "data:".utf8) else {
      guard MessageParts.isWebAddress(url) else {
        throw .malformed(
          "The `url` of an image is neither a data URL nor an http or https address of at most \(MessageParts.longestURL) bytes."
        )
      }
      return .image(url: url)
    }
    guard let comma = bytes.firstIndex(of: UInt8(ascii: ",")) else {
      throw .malformed("A data URL has no comma.")
    }
    let words = url[..<comma].dropFirst(5).split(separator: ";", omittingEmptySubsequences: false)
    guard words.count == 2, words[1] == "base64" else {
      throw .malformed("The data URL of an image is not `data:{type};base64,{data}`.")
    }
    return try MessageParts.image(String(words[0]), String(url[bytes.index(after: comma)...]))
  }
}
