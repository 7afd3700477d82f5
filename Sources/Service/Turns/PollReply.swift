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
  /// Of a turn that streams, for a reader that asks.
  package var usage: Usage?
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
    if let usage, terminal == nil {
      writer.key("usage")
      usage.write(to: &writer)
    }
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

extension PollReply {
  /// Nothing for now: the reader is to ask again with the same cursor.
  init(cursor: Cursor, idleFor pacer: Pacer, _ reader: Pacer.Reader) {
    self.init(cursor: cursor)
    pollAfter = max(pacer.pace(for: reader), 100)
  }

  /// What follows a cursor in a log of which `head` chunks may be seen. `terminal`: how the turn ended, if `head` is all.
  init(
    _ log: TurnLog, after cursor: Cursor, through head: Int, _ terminal: Terminal?, of facts: LiveTurn.Facts,
    _ reader: Pacer.Reader
  ) {
    var cursor = cursor
    var reset = false
    let ahead = cursor.epoch > log.epoch || cursor.epoch == log.epoch && cursor.offset > head
    // Ahead of a turn that has ended means: of no turn that ever was. Ahead of a live one: this view is behind.
    if cursor.epoch < log.epoch || ahead && terminal != nil {
      cursor = Cursor(epoch: log.epoch, offset: 0)
      reset = true
    } else if ahead {
      self.init(cursor: cursor, idleFor: facts.pacer, reader)
      return
    }
    let (events, offset) = log.slice(after: cursor.offset, through: head)
    self.init(cursor: Cursor(epoch: log.epoch, offset: offset), events: events)
    self.reset = reset
    more = offset < head
    if more { return }
    if let terminal {
      self.terminal = terminal
      message = log.hasAnswer ? facts.message : nil
    } else {
      pollAfter = facts.pacer.pollAfter(for: reader)
    }
  }
}
