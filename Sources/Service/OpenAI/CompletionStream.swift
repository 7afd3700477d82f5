import Chat
import FrontDoor
import Wire

/// A completion as a stream: server-sent events, each a chunk of deltas
/// (platform.openai.com/docs/api-reference/chat/streaming). Its reader cannot come again: what breaks it off is told as
/// an error, and then there is no `[DONE]`.
struct CompletionStream: StreamForm {
  private static let common = Response.Head.streamed(contentType: EventStreamForm.contentType)

  var head: Response.Head { Self.common }
  var resumes: Bool { false }

  private let object: CompletionObject
  private let includesUsage: Bool
  /// How many calls were begun.
  private var calls = 0
  /// The last call goes on.
  private var isCallOpen = false
  private var hasSpoken = false

  init(_ object: CompletionObject, includesUsage: Bool) {
    self.object = object
    self.includesUsage = includesUsage
  }

  mutating func begin(to bytes: inout [UInt8]) {
    write(to: &bytes) { delta in
      delta.member("role", "assistant")
      delta.member("content", "")
      delta.key("refusal")
      delta.null()
    }
  }

  mutating func chunk(_ events: ArraySlice<UInt8>, _ cursor: Cursor, to bytes: inout [UInt8]) {
    for event in CompletionEvent.all(in: events) {
      hasSpoken = true
      switch event {
      case .text(let utf8): writeText("content", utf8, to: &bytes)
      case .reasoning(let utf8): writeText("reasoning_content", utf8, to: &bytes)
      case .tool(let id, let name, let arguments, let isLast): writeCall(id, name, arguments, isLast, to: &bytes)
      }
    }
  }

  private func writeText(_ name: StaticString, _ utf8: [UInt8], to bytes: inout [UInt8]) {
    write(to: &bytes) { delta in
      delta.key(name)
      delta.string(utf8: utf8)
    }
  }

  private mutating func writeCall(
    _ id: String, _ name: String, _ arguments: [UInt8], _ isLast: Bool, to bytes: inout [UInt8]
  ) {
    let isNew = !isCallOpen
    if isNew { calls += 1 }
    isCallOpen = !isLast
    write(to: &bytes) { [index = calls - 1] delta in
      delta.key("tool_calls")
      delta.beginArray()
      delta.beginObject()
      delta.member("index", index)
      if isNew {
        delta.member("id", id)
        delta.member("type", "function")
      }
      delta.key("function")
      delta.beginObject()
      if isNew { delta.member("name", name) }
      delta.key("arguments")
      delta.string(utf8: arguments)
      delta.endObject()
      delta.endObject()
      delta.endArray()
    }
  }

  /// Deltas cannot be taken back.
  mutating func reset(_ cursor: Cursor, to bytes: inout [UInt8]) -> Bool {
    if !hasSpoken { return true }
    breakOff(
      OpenAIError(
        status: 503, code: "interrupted", message: "The answer begins anew, which this stream cannot tell.",
        retryable: true), to: &bytes)
    return false
  }

  mutating func end(
    _ events: ArraySlice<UInt8>, _ cursor: Cursor, _ terminal: Terminal, message: ID?, to bytes: inout [UInt8]
  ) {
    chunk(events, cursor, to: &bytes)
    if let error = OpenAIError(terminal, isRepeatable: true) { return breakOff(error, to: &bytes) }
    write(finish: terminal.finishReason ?? .stop, to: &bytes) { _ in }
    if includesUsage, let usage = terminal.usage { write(usage, to: &bytes) }
    bytes += Array("data: [DONE]\n\n".utf8)
  }

  /// A comment without an empty line behind it: an event without data would break OpenAI's own libraries.
  mutating func ping(_ cursor: Cursor, to bytes: inout [UInt8]) { bytes += Array(": ping\n".utf8) }

  mutating func leave(to bytes: inout [UInt8]) {
    breakOff(
      OpenAIError(
        status: 503, code: "still_running", message: "The stream ends here, the answer goes on without it.",
        retryable: true), to: &bytes)
  }

  private func breakOff(_ error: OpenAIError, to bytes: inout [UInt8]) { Self.write(error.json, to: &bytes) }

  // MARK: chunks

  private func write(
    finish: FinishReason? = nil, to bytes: inout [UInt8], _ delta: (inout JSONWriter) -> Void
  ) {
    var writer = JSONWriter(capacity: 512)
    writer.beginObject()
    object.writeHead("chat.completion.chunk", to: &writer)
    writer.key("choices")
    writer.beginArray()
    writer.beginObject()
    writer.member("index", 0)
    writer.key("delta")
    writer.beginObject()
    delta(&writer)
    writer.endObject()
    writer.key("logprobs")
    writer.null()
    writer.key("finish_reason")
    if let finish { writer.string(finish.rawValue) } else { writer.null() }
    writer.endObject()
    writer.endArray()
    if includesUsage {
      writer.key("usage")
      writer.null()
    }
    writer.endObject()
    Self.write(writer.bytes, to: &bytes)
  }

  private func write(_ usage: Usage, to bytes: inout [UInt8]) {
    var writer = JSONWriter(capacity: 512)
    writer.beginObject()
    object.writeHead("chat.completion.chunk", to: &writer)
    writer.key("choices")
    writer.beginArray()
    writer.endArray()
    writer.key("usage")
    CompletionObject.write(usage, to: &writer)
    writer.endObject()
    Self.write(writer.bytes, to: &bytes)
  }

  private static func write(_ json: [UInt8], to bytes: inout [UInt8]) {
    bytes += Array("data: ".utf8)
    bytes += json
    bytes += [0x0A, 0x0A]
  }
}
