import Providers
import Store
import Wire

/// The body of `POST /v1/chat/completions`, checked (platform.openai.com/docs/api-reference/chat/create).
///
/// What changes nothing of the answer is accepted and ignored; what would, and cannot be had, is refused by name.
struct CompletionRequest: Sendable {
  /// A virtual model's name.
  let model: String
  /// The answer is wanted as a stream.
  let streams: Bool
  /// The stream is to tell the usage.
  let includesUsage: Bool
  let brought: BroughtRequest
  /// The last message of the user's, as it is stored.
  let parts: [UInt8]
  /// What all messages will roughly cost the model.
  let estimatedTokens: Int
  /// A JSON object.
  let metadata: [UInt8]
  /// SHA-256 of the body without what only changes the form of the answer.
  let hash: [UInt8]

  private static let ignored: Set<String> = [
    "user", "store", "service_tier", "safety_identifier", "prompt_cache_key", "prompt_cache_retention", "prediction",
    "verbosity",
  ]
  private static let ofForm: Set<String> = ["stream", "stream_options"]

  /// Throws 400 and 413, with the member at fault.
  init(_ body: [UInt8]) throws(Refusal) {
    let document = try JSONDocument(body: body)
    let members = try Self.members(of: document.root)
    for (name, value) in members { try Self.check(name, value) }
    model = try Self.model(members["model"])
    streams = try Self.bool(members["stream"], "stream") ?? false
    includesUsage = try Self.includesUsage(members["stream_options"])
    let messages = try CompletionMessages(members["messages"])
    brought = BroughtRequest(
      messages: messages.list,
      tools: try CompletionTools.read(
        members["tools"], choice: members["tool_choice"],
        parallel: try Self.bool(members["parallel_tool_calls"], "parallel_tool_calls")),
      parameters: try Self.parameters(members))
    parts = messages.said
    estimatedTokens = messages.estimatedTokens + Self.estimate(of: brought.tools, members["response_format"])
    metadata = try Self.metadata(members["metadata"])
    // So that no body is taken for that of another path.
    hash = BodyHash.of(
      members.filter { !Self.ofForm.contains($0.key) }.mapValues { $0.minified ?? [] }, kind: "chat/completions=")
  }

  /// Those that are not null.
  private static func members(of root: JSONElement) throws(Refusal) -> [String: JSONElement] {
    guard root.kind == .object else { throw .malformed("The body is not a JSON object.") }
    var members: [String: JSONElement] = [:]
    for (name, value) in root.members {
      let name = name.string ?? ""
      guard members[name] == nil else { throw Refusal.malformed("`\(name.prefix(50))` appears twice.") }
      if !value.isNull { members[name] = value }
    }
    return members
  }

  private static func check(_ name: String, _ value: JSONElement) throws(Refusal) {
    let isTaken =
      switch name {
      case "model", "messages", "stream", "stream_options", "tools", "tool_choice", "parallel_tool_calls", "metadata",
        "max_completion_tokens":
        true
      case "n": value.int == 1
      case "logprobs": value.bool == false
      case "top_logprobs": value.int == 0
      case "logit_bias": value.kind == .object && value.count == 0
      case "modalities": value.kind == .array && value.elements.allSatisfy { $0.string == "text" }
      default: ProviderParameters.Key(rawValue: name) != nil || ignored.contains(name)
      }
    if !isTaken { throw unsupported(String(name.prefix(50))) }
  }

  static func unsupported(_ param: String) -> Refusal {
    Refusal(400, .unsupportedParameter, "This value of `\(param)` is not supported here.").at(param)
  }

  private static func model(_ value: JSONElement?) throws(Refusal) -> String {
    guard let model = value?.string, !model.isEmpty, model.utf8.count <= 200, !model.utf8.contains(0) else {
      throw Refusal.malformed("`model` is not a string of 1 to 200 bytes.").at("model")
    }
    return model
  }

  private static func bool(_ value: JSONElement?, _ param: String) throws(Refusal) -> Bool? {
    guard let value else { return nil }
    guard let bool = value.bool else { throw Refusal.malformed("`\(param)` is neither true nor false.").at(param) }
    return bool
  }

  private static func includesUsage(_ options: JSONElement?) throws(Refusal) -> Bool {
    guard let options else { return false }
    guard options.kind == .object else {
      throw Refusal.malformed("`stream_options` is not an object.").at("stream_options")
    }
    return try bool(options["include_usage"].flatMap { $0.isNull ? nil : $0 }, "stream_options.include_usage") ?? false
  }

  private static func parameters(_ members: [String: JSONElement]) throws(Refusal) -> ProviderParameters {
    var parameters = ProviderParameters.none
    for key in ProviderParameters.Key.allCases {
      // The former has the newer name.
      let names = key == .maxTokens ? ["max_completion_tokens", key.rawValue] : [key.rawValue]
      guard let name = names.first(where: { members[$0] != nil }), let value = members[name] else { continue }
      guard parameters.set(key, to: value) else {
        throw Refusal.malformed("`\(name)` must be \(key.bounds).").at(name)
      }
    }
    return parameters
  }

  /// Texts by name: `turn.metadata`.
  private static func metadata(_ value: JSONElement?) throws(Refusal) -> [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    if let value {
      guard value.kind == .object, value.members.allSatisfy({ $0.value.kind == .string }) else {
        throw Refusal.malformed("`metadata` is not an object of strings.").at("metadata")
      }
      for (name, text) in value.members {
        // The writer replaces U+0000, which jsonb cannot hold.
        writer.key(escaping: name.string ?? "")
        writer.string(text.string ?? "")
      }
    }
    writer.endObject()
    guard writer.bytes.count <= StartRequest.longestMetadata else {
      throw Refusal.malformed("`metadata` is longer than \(StartRequest.longestMetadata) bytes.").at("metadata")
    }
    return writer.bytes
  }

  /// Tools and the form of the answer are read by the model like any text.
  private static func estimate(of tools: ProviderTools, _ form: JSONElement?) -> Int {
    let bytes = tools.list.reduce(form?.minified?.count ?? 0) {
      $0 + $1.name.utf8.count + $1.description.utf8.count + $1.schema.utf8.count
    }
    return TokenEstimate.of(text: bytes, images: 0)
  }
}
