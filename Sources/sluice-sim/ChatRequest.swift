/// What the simulator reads of a chat-completions request; everything else in the body is accepted and left alone.
///
/// Source: OpenAI API reference, "Create chat completion".
struct ChatRequest: Decodable, Sendable {
  let model: String
  let messages: [Message]
  /// Absent means false.
  let stream: Bool?
  let streamOptions: StreamOptions?
  let maxTokens: Int?
  let maxCompletionTokens: Int?

  enum CodingKeys: String, CodingKey {
    case model, messages, stream
    case streamOptions = "stream_options"
    case maxTokens = "max_tokens"
    case maxCompletionTokens = "max_completion_tokens"
  }

  struct StreamOptions: Decodable, Sendable {
    let includeUsage: Bool?

    enum CodingKeys: String, CodingKey { case includeUsage = "include_usage" }
  }

  struct Message: Decodable, Sendable {
    let role: String
    /// The text of the message; parts that are no text are left out, absent or null content is empty.
    let text: String
    /// How many of its parts are images.
    let images: Int

    enum CodingKeys: String, CodingKey { case role, content }

    private struct Part: Decodable {
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

  /// The most tokens the client accepts; nil is no limit.
  var tokenLimit: Int? { maxCompletionTokens ?? maxTokens }

  var includesUsage: Bool { streamOptions?.includeUsage ?? false }

  /// Empty if no message is the user's.
  var lastUserText: String { messages.last { $0.role == "user" }?.text ?? "" }

  /// How many images all messages have.
  var images: Int { messages.reduce(0) { $0 + $1.images } }

  /// A rough count: the words of all messages, and one for each role.
  var promptTokens: Int {
    messages.reduce(0) { $0 + 1 + $1.text.split(whereSeparator: \.isWhitespace).count }
  }
}
