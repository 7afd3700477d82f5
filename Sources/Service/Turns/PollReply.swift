package import Chat
import Wire

/// The body of a poll's answer (wire protocol, version 1).
package struct PollReply: Sendable {
  package var cursor: Cursor
  /// Set only in the reply that reaches the end of the log.
  package var terminal: Terminal?
  /// Event objects joined by commas.
  package var events: ArraySlice<UInt8>
  package var more = false
  /// The text starts over: the reader drops what it has.
  package var reset = false
  /// Milliseconds until the next poll of this reader.
  package var pollAfter = 0
  package var message: ID?
  /// A fresh token for a reader whose token is in the last third of its life.
  package var token: String?

  package init(cursor: Cursor, events: ArraySlice<UInt8> = []) {
    self.cursor = cursor
    self.events = events
  }

  package var json: [UInt8] { json(pacing: true) }

  /// The same as a line of a stream, which nobody paces.
  var line: [UInt8] { json(pacing: false) }

  private func json(pacing: Bool) -> [UInt8] {
    var writer = JSONWriter(capacity: events.count + 192)
    writer.beginObject()
    writer.member("cursor", cursor.description)
    writer.member("state", (terminal?.state ?? .streaming).rawValue)
    if reset { writer.member("reset", true) }
    writer.key("events")
    writer.beginArray()
    if !events.isEmpty { writer.raw(events) }
    writer.endArray()
    if pacing {
      writer.member("more", more)
      writer.member("poll_after_ms", pollAfter)
    }
    if let terminal { Self.write(terminal, message: message, to: &writer) }
    writer.member("token", token)
    writer.endObject()
    return writer.bytes
  }

  /// The terminal fields: `finish_reason`, `usage`, `error`, `message`.
  static func write(_ terminal: Terminal, message: ID?, to writer: inout JSONWriter) {
    writer.member("finish_reason", terminal.finishReason?.rawValue)
    if let usage = terminal.usage {
      writer.key("usage")
      usage.write(to: &writer)
    }
    if let error = terminal.error {
      writer.key("error")
      error.write(to: &writer)
    }
    if let message {
      writer.key("message")
      writer.beginObject()
      writer.member("id", message.description)
      writer.member("role", "assistant")
      writer.endObject()
    }
  }
}
