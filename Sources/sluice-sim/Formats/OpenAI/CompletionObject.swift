import NIOCore

/// A chat completion in one piece, laid out as OpenAI does.
///
/// Source: OpenAI API reference, "The chat completion object"; the order of the fields is that of recorded answers.
enum CompletionObject {
  static func bytes(_ reply: Reply) -> ByteBuffer {
    var bytes = ByteBufferAllocator().buffer(capacity: 1024 + 8 * reply.text.count + (reply.line?.count ?? 0))
    bytes.writeString(
      """
      {
        "id": "\(reply.id)",
        "object": "chat.completion",
        "created": \(reply.created),
        "model": \(JSONText.quoted(reply.model)),
        "choices": [
          {
            "index": 0,
            "message": {
              "role": "assistant",
              "content": "
      """)
    for token in reply.text { bytes.writeBytes(token.json) }
    if let line = reply.line { for piece in line { bytes.writeImmutableBuffer(piece) } }
    bytes.writeString(
      """
      ",
              "refusal": null,\(reasoning(reply))\(calls(reply))
              "annotations": []
            },
            "logprobs": null,
            "finish_reason": "\(reply.finish.completionWord)"
          }
        ],
        "usage": \(reply.usage.completionJSON),
        "service_tier": "default",
        "system_fingerprint": "\(CompletionStream.fingerprint)"
      }

      """)
    return bytes
  }

  private static func reasoning(_ reply: Reply) -> String {
    reply.reasoning.count > 0 ? "\n        \"reasoning_content\": \"\(reply.reasoningJSON)\"," : ""
  }

  private static func calls(_ reply: Reply) -> String {
    guard !reply.calls.isEmpty else { return "" }
    let calls = reply.calls.map { call in
      """

                {
                  "id": "call_\(reply.callID(call, 24))",
                  "type": "function",
                  "function": {
                    "name": \(JSONText.quoted(call.name)),
                    "arguments": \(JSONText.quoted(call.arguments))
                  }
                }
      """
    }
    return "\n        \"tool_calls\": [\(calls.joined(separator: ","))\n        ],"
  }
}
