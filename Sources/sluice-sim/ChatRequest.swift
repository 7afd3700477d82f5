/// What the simulator reads of a request for an answer, whatever the format; all else is accepted and left alone.
struct ChatRequest: Equatable, Sendable {
  let model: String
  /// What the system is told counts as a message too, wherever it stands in the body.
  let messages: [Message]
  let stream: Bool
  /// Whether a stream is to tell its usage, where that must be asked for.
  var includesUsage = false
  /// The most tokens the client accepts; nil is no limit.
  var tokenLimit: Int?
  /// The names of the tools that may be called.
  var tools: [String] = []

  struct Message: Equatable, Sendable {
    /// `system`, `user`, `assistant`, or `tool` for the results of tools.
    let role: String
    /// Parts that are no text are left out.
    let text: String
    /// How many of its parts are images.
    var images = 0
  }

  /// Empty if no message is the user's.
  var lastUserText: String { messages.last { $0.role == "user" }?.text ?? "" }

  /// How many images all messages have.
  var images: Int { messages.reduce(0) { $0 + $1.images } }

  /// Whether it brings the results of tools that were called.
  var hasToolResults: Bool { messages.last?.role == "tool" }

  /// A rough count: the words of all messages, and one for each role.
  var promptTokens: Int {
    messages.reduce(0) { $0 + 1 + $1.text.split(whereSeparator: \.isWhitespace).count }
  }
}

extension ChatRequest.Message {
  /// A message of parts, as most formats have them.
  /// - Parameters:
  ///   - content: text, or an array of parts; a part with `text` is text.
  ///   - isImage: whether a part is an image.
  ///   - isResult: whether it is what a tool returned; a message of nothing else is the tool's.
  init(
    role: String, content: JSONValue, isImage: (JSONValue) -> Bool, isResult: (JSONValue) -> Bool = { _ in false }
  ) {
    let parts = content.elements
    self.init(
      role: !parts.isEmpty && parts.allSatisfy(isResult) ? "tool" : role,
      text: content.text ?? parts.compactMap { $0["text"].text }.joined(),
      images: parts.count(where: isImage))
  }
}
