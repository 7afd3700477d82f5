import FoundationEssentials
import NIOCore

/// A chat-completions request.
///
/// Source: OpenAI API reference, "Create chat completion".
struct CompletionRequest: Decodable {
  let model: String?
  private let messages: [Message]
  /// Absent means false.
  private let stream: Bool?
  private let streamOptions: StreamOptions?
  private let maxTokens: Int?
  private let maxCompletionTokens: Int?
  private let tools: [Tool]?

  private enum CodingKeys: String, CodingKey {
    case model, messages, stream, tools
    case streamOptions = "stream_options"
    case maxTokens = "max_tokens"
    case maxCompletionTokens = "max_completion_tokens"
  }

  private struct StreamOptions: Decodable {
    let includeUsage: Bool?

    enum CodingKeys: String, CodingKey { case includeUsage = "include_usage" }
  }

  private struct Tool: Decodable {
    struct Function: Decodable { let name: String }
    let function: Function?
  }

  private struct Message: Decodable {
    let role: String
    /// Absent or null content is empty.
    let text: String
    let images: Int

    enum CodingKeys: String, CodingKey { case role, content }

    struct Part: Decodable {
      let type: String?
      let text: String?
    }

    init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: CodingKeys.self)
      role = try container.decode(String.self, forKey: .role)
      if let parts = try? container.decode([Part].self, forKey: .content) {
        text = parts.compactMap(\.text).joined()
        images = parts.count { $0.type == "image_url" }
      } else {
        text = try container.decodeIfPresent(String.self, forKey: .content) ?? ""
        images = 0
      }
    }
  }

  /// - Throws: the 400 of a body that cannot be read.
  static func read(_ body: ByteBuffer) throws(Refusal) -> CompletionRequest {
    do {
      return try JSONDecoder().decode(CompletionRequest.self, from: Data(body.readableBytesView))
    } catch {
      throw .notJSON
    }
  }

  func request(model: String) -> ChatRequest {
    ChatRequest(
      model: model,
      messages: messages.map { ChatRequest.Message(role: $0.role, text: $0.text, images: $0.images) },
      stream: stream ?? false, includesUsage: streamOptions?.includeUsage ?? false,
      tokenLimit: maxCompletionTokens ?? maxTokens, tools: tools?.compactMap { $0.function?.name } ?? [])
  }
}
