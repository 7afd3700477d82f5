import Wire

/// How a turn ended: what its terminal chunk, its row and every poll at the terminal cursor say.
package struct Terminal: Equatable, Sendable {
  package let state: TurnState
  package let finishReason: FinishReason?
  package let usage: Usage?
  package let error: TurnError?

  package init(state: TurnState, finishReason: FinishReason? = nil, usage: Usage? = nil, error: TurnError? = nil) {
    self.state = state
    self.finishReason = finishReason
    self.usage = usage
    self.error = error
  }

  /// The events of the terminal chunk: usage and error if there are any, then `end`.
  package var events: [[UInt8]] {
    var events: [[UInt8]] = []
    if let usage {
      events.append(
        Self.event("usage") { writer in
          writer.key("usage")
          usage.write(to: &writer)
        })
    }
    if let error {
      events.append(
        Self.event("error") { writer in
          writer.key("error")
          error.write(to: &writer)
        })
    }
    events.append(
      Self.event("end") { writer in
        writer.member("state", state.rawValue)
        writer.member("finish_reason", finishReason?.rawValue)
      })
    return events
  }

  private static func event(_ type: String, _ body: (inout JSONWriter) -> Void) -> [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    writer.member("type", type)
    body(&writer)
    writer.endObject()
    return writer.bytes
  }
}
