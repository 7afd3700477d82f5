import NIOCore

/// The chat-completions JSON for one answer. What all its chunks share is encoded once.
///
/// Source: OpenAI API reference, "The chat completion object" and "The chat completion chunk object"; the order of the
/// fields is that of recorded answers.
struct Completion: Sendable {
  /// `chatcmpl-…`, the same in every chunk.
  let id: String
  /// Seconds since 1970.
  let created: Int
  /// The model name of the request.
  let model: String
  /// Whether chunks carry `"usage":null`, and a last one with `choices: []` the usage itself.
  let includesUsage: Bool

  private let lead: String
  private let deltaLead: [UInt8]
  private let deltaTrail: [UInt8]

  struct Usage: Equatable, Sendable {
    let prompt: Int
    let completion: Int
  }

  enum FinishReason: String, Sendable {
    case stop, length
  }

  init(id: String, created: Int, model: String, includesUsage: Bool) {
    self.id = id
    self.created = created
    self.model = model
    self.includesUsage = includesUsage
    lead =
      "{\"id\":\"\(id)\",\"object\":\"chat.completion.chunk\",\"created\":\(created),"
      + "\"model\":\(JSONText.quoted(model)),\"service_tier\":\"default\",\"system_fingerprint\":\"\(Self.fingerprint)\","
    deltaLead = Array((lead + "\"choices\":[{\"index\":0,\"delta\":{\"content\":\"").utf8)
    deltaTrail = Array(("\"}" + Self.trail(finish: nil, includesUsage: includesUsage)).utf8)
  }

  /// The first chunk: the role and an empty text.
  var roleChunk: String { chunk(delta: "{\"role\":\"assistant\",\"content\":\"\",\"refusal\":null}", finish: nil) }

  /// Appends the chunk that carries `token`.
  func appendChunk(_ token: Token, to buffer: inout ByteBuffer) {
    buffer.writeBytes(deltaLead)
    buffer.writeBytes(token.json)
    buffer.writeBytes(deltaTrail)
  }

  /// The capacity that `tokens` short chunks need.
  func capacity(tokens: Int) -> Int { tokens * (deltaLead.count + deltaTrail.count + 24) }

  /// Opens a chunk whose text follows, in pieces.
  func beginChunk(in buffer: inout ByteBuffer) { buffer.writeBytes(deltaLead) }

  /// Ends it.
  func closeChunk(in buffer: inout ByteBuffer) { buffer.writeBytes(deltaTrail) }

  /// Ends it but for the value of the field that OpenAI pads its chunks with, so that their sizes tell nothing.
  func beginPadding(in buffer: inout ByteBuffer) {
    buffer.writeBytes(deltaTrail.dropLast())
    buffer.writeString(Self.obfuscation)
  }

  /// Ends that value and the chunk.
  func endPadding(in buffer: inout ByteBuffer) { buffer.writeString("\"}") }

  /// The size of such a chunk without text and padding.
  var paddedFrame: Int { deltaLead.count + deltaTrail.count - 1 + Self.obfuscation.utf8.count + 2 }

  /// The chunk behind the text.
  func finishChunk(_ finish: FinishReason) -> String { chunk(delta: "{}", finish: finish) }

  /// The chunk behind that; nil if usage was not asked for.
  func usageChunk(_ usage: Usage) -> String? {
    includesUsage ? lead + "\"choices\":[],\"usage\":\(Self.line(usage))}" : nil
  }

  /// What Azure sends first: what its filters found in the prompt.
  ///
  /// Source: Microsoft Learn, "Azure OpenAI content filtering", the example of a streamed answer.
  static let filterResults: String = {
    let results = ["hate", "self_harm", "sexual", "violence"].map {
      "\"\($0)\":{\"filtered\":false,\"severity\":\"safe\"}"
    }
    return "{\"choices\":[],\"created\":0,\"id\":\"\",\"model\":\"\",\"object\":\"\",\"prompt_filter_results\":"
      + "[{\"prompt_index\":0,\"content_filter_results\":{\(results.joined(separator: ","))}}]}"
  }()

  /// The answer in one piece, for a request that did not ask for a stream.
  func object(_ text: AnswerText, _ line: LongLine?, _ finish: FinishReason, _ usage: Usage) -> ByteBuffer {
    var bytes = ByteBufferAllocator().buffer(capacity: 1024 + 8 * text.count + (line?.count ?? 0))
    bytes.writeString(
      """
      {
        "id": "\(id)",
        "object": "chat.completion",
        "created": \(created),
        "model": \(JSONText.quoted(model)),
        "choices": [
          {
            "index": 0,
            "message": {
              "role": "assistant",
              "content": "
      """)
    for token in text { bytes.writeBytes(token.json) }
    if let line { for piece in line { bytes.writeImmutableBuffer(piece) } }
    bytes.writeString(
      """
      ",
              "refusal": null,
              "annotations": []
            },
            "logprobs": null,
            "finish_reason": "\(finish.rawValue)"
          }
        ],
        "usage": \(Self.line(usage)),
        "service_tier": "default",
        "system_fingerprint": "\(Self.fingerprint)"
      }

      """)
    return bytes
  }

  private static let fingerprint = "fp_51u1ce51m0"
  private static let obfuscation = ",\"obfuscation\":\""

  private func chunk(delta: String, finish: FinishReason?) -> String {
    lead + "\"choices\":[{\"index\":0,\"delta\":" + delta + Self.trail(finish: finish, includesUsage: includesUsage)
  }

  private static func trail(finish: FinishReason?, includesUsage: Bool) -> String {
    let reason = finish.map { "\"\($0.rawValue)\"" } ?? "null"
    return ",\"logprobs\":null,\"finish_reason\":\(reason)}]\(includesUsage ? ",\"usage\":null" : "")}"
  }

  private static func line(_ usage: Usage) -> String {
    "{\"prompt_tokens\":\(usage.prompt),\"completion_tokens\":\(usage.completion),"
      + "\"total_tokens\":\(usage.prompt + usage.completion),"
      + "\"prompt_tokens_details\":{\"cached_tokens\":0,\"audio_tokens\":0},"
      + "\"completion_tokens_details\":{\"reasoning_tokens\":0,\"audio_tokens\":0,"
      + "\"accepted_prediction_tokens\":0,\"rejected_prediction_tokens\":0}}"
  }
}
