import NIOCore

/// The chat-completions wire format for one answer. What all its chunks share is encoded once.
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
      "data: {\"id\":\"\(id)\",\"object\":\"chat.completion.chunk\",\"created\":\(created),"
      + "\"model\":\(JSONText.quoted(model)),\"service_tier\":\"default\",\"system_fingerprint\":\"\(Self.fingerprint)\","
    deltaLead = Array((lead + "\"choices\":[{\"index\":0,\"delta\":{\"content\":\"").utf8)
    deltaTrail = Array(("\"}" + Self.trail(finish: nil, includesUsage: includesUsage)).utf8)
  }

  /// The first chunk: the role and an empty text.
  var roleChunk: ByteBuffer {
    let delta = "{\"role\":\"assistant\",\"content\":\"\",\"refusal\":null}"
    return ByteBuffer(string: chunk(delta: delta, finish: nil))
  }

  /// Appends the chunk that carries `token`.
  func appendChunk(_ token: Token, to buffer: inout ByteBuffer) {
    buffer.writeBytes(deltaLead)
    buffer.writeBytes(token.json)
    buffer.writeBytes(deltaTrail)
  }

  /// The capacity that `tokens` short chunks need.
  func capacity(tokens: Int) -> Int { tokens * (deltaLead.count + deltaTrail.count + 16) }

  /// What follows the text: the finish reason, the usage if it was asked for, and `[DONE]` unless left out.
  func closing(_ finish: FinishReason, _ usage: Usage, done: Bool) -> ByteBuffer {
    var text = chunk(delta: "{}", finish: finish)
    if includesUsage { text += lead + "\"choices\":[],\"usage\":\(Self.line(usage))}\n\n" }
    if done { text += "data: [DONE]\n\n" }
    return ByteBuffer(string: text)
  }

  /// The answer in one piece, for a request that did not ask for a stream.
  func object(_ text: String, _ finish: FinishReason, _ usage: Usage) -> ByteBuffer {
    ByteBuffer(
      string: """
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
                "content": \(JSONText.quoted(text)),
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
  }

  private static let fingerprint = "fp_51u1ce51m0"

  private func chunk(delta: String, finish: FinishReason?) -> String {
    lead + "\"choices\":[{\"index\":0,\"delta\":" + delta + Self.trail(finish: finish, includesUsage: includesUsage)
  }

  private static func trail(finish: FinishReason?, includesUsage: Bool) -> String {
    let reason = finish.map { "\"\($0.rawValue)\"" } ?? "null"
    return ",\"logprobs\":null,\"finish_reason\":\(reason)}]\(includesUsage ? ",\"usage\":null" : "")}\n\n"
  }

  private static func line(_ usage: Usage) -> String {
    "{\"prompt_tokens\":\(usage.prompt),\"completion_tokens\":\(usage.completion),"
      + "\"total_tokens\":\(usage.prompt + usage.completion),"
      + "\"prompt_tokens_details\":{\"cached_tokens\":0,\"audio_tokens\":0},"
      + "\"completion_tokens_details\":{\"reasoning_tokens\":0,\"audio_tokens\":0,"
      + "\"accepted_prediction_tokens\":0,\"rejected_prediction_tokens\":0}}"
  }
}
