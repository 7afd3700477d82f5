import Chat
import Store
import Wire

/// The body of `POST /chat/start`, checked.
struct StartRequest: Sendable {
  /// A virtual model's name; nil for the surface's default.
  var model: String?
  /// Nil for a new conversation.
  var conversation: ID?
  /// Which message the new one follows.
  var after = StartStore.After.newest
  /// The message as JSON parts: `[{"type":"text","text":…}]`.
  var parts: [UInt8] = []
  var estimatedTokens = 0
  /// The declared modes of streaming that this server has.
  var modes: Capabilities = []
  /// Among the message's parts is an image.
  var hasImages = false
  /// A JSON object.
  var metadata: [UInt8] = Array("{}".utf8)
  /// SHA-256 of the body without `stream`: two bodies with the same one are the same request.
  var hash: [UInt8] = []

  static let longestMetadata = 8 * 1024

  /// Throws 400 for what is no such body, 422 for what is one but cannot be done.
  init(_ body: [UInt8]) throws(Refusal) {
    let document = try JSONDocument(body: body)
    guard document.root.kind == .object else { throw Refusal.malformed("The body is not a JSON object.") }
    var members: [String: [UInt8]] = [:]
    var hasMessage = false
    for (name, value) in document.root.members {
      let name = name.string ?? ""
      guard members[name] == nil else { throw Refusal.malformed("`\(name)` appears twice.") }
      members[name] = value.minified ?? []
      switch name {
      case "model": model = try Self.text(value, "model", longest: 200)
      case "conversation": conversation = try Self.conversation(value)
      case "message":
        let message = try MessageParts(value)
        (parts, estimatedTokens, hasMessage) = (message.json, message.estimatedTokens, true)
        hasImages = message.images > 0
      case "stream": modes = try Self.modes(value)
      case "metadata": metadata = try Self.metadata(value)
      case "after": after = try Self.after(value)
      default:
        throw Refusal.malformed("`\(name.prefix(50))` is not a member of a chat start.")
      }
    }
    guard hasMessage else { throw Refusal.malformed("`message` is missing.") }
    if case .message = after, conversation == nil {
      throw Refusal.malformed("`after` names a message of a conversation, but there is no `conversation`.")
    }
    members["stream"] = nil
    hash = BodyHash.of(members)
  }

  private static func text(_ value: JSONElement, _ name: String, longest: Int) throws(Refusal) -> String? {
    if value.isNull { return nil }
    guard let text = value.string, !text.isEmpty, text.utf8.count <= longest, !text.utf8.contains(0) else {
      throw Refusal.malformed("`\(name)` is not a string of 1 to \(longest) bytes.")
    }
    return text
  }

  private static func conversation(_ value: JSONElement) throws(Refusal) -> ID? {
    guard let text = try text(value, "conversation", longest: 100) else { return nil }
    // What is no id goes the way of one that is absent, through all that is asked before: no row has the one of zeros.
    return ID(text) ?? ID(high: 0, low: 0)
  }

  /// Null is a message without a predecessor.
  private static func after(_ value: JSONElement) throws(Refusal) -> StartStore.After {
    if value.isNull { return .root }
    guard let text = value.string else { throw Refusal.malformed("`after` is neither a message's id nor null.") }
    guard let id = ID(text) else { throw Refusal.noMessage }
    return .message(id)
  }

  private static func modes(_ value: JSONElement) throws(Refusal) -> Capabilities {
    if value.isNull { return [] }
    guard let modes = value["modes"], modes.kind == .array, modes.elements.allSatisfy({ $0.kind == .string }) else {
      throw Refusal.malformed("`stream` is not an object with a list of `modes`.")
    }
    let known = Capabilities(names: modes.elements.compactMap(\.string)).intersection([.poll, .sse])
    if !known.isEmpty { return known }
    throw Refusal(422, .unsupportedMode, "None of the declared modes is supported; this version has `poll` and `sse`.")
  }

  private static func metadata(_ value: JSONElement) throws(Refusal) -> [UInt8] {
    guard value.kind == .object, let json = value.minified else {
      throw Refusal.malformed("`metadata` is not an object.")
    }
    guard json.count <= longestMetadata, !Self.holdsNUL(value) else {
      throw Refusal.malformed("`metadata` is longer than \(longestMetadata) bytes or holds U+0000.")
    }
    return json
  }

  /// PostgreSQL's jsonb cannot hold U+0000. The parser bounds the depth.
  private static func holdsNUL(_ value: JSONElement) -> Bool {
    switch value.kind {
    case .string: value.withString { $0.contains(0) } ?? false
    case .array: value.elements.contains { holdsNUL($0) }
    case .object: value.members.contains { holdsNUL($0.name) || holdsNUL($0.value) }
    case .number, .bool, .null: false
    }
  }
}
