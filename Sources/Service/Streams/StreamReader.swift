import Chat

/// Who reads a turn as a stream: how far it is, and in which form it is told the rest.
struct StreamReader: Sendable {
  var form: any StreamForm
  var cursor: Cursor

  /// Says what follows in a log of which `head` chunks may be seen, about `limit` bytes of it: whole chunks, at least one.
  /// `terminal`: how the turn ended, if `head` is all. True if the stream ends with what was said.
  mutating func read(
    _ log: TurnLog, through head: Int, _ terminal: Terminal?, message: ID, limit: Int, to bytes: inout [UInt8]
  ) -> Bool {
    if cursor.epoch < log.epoch || terminal != nil && (cursor.epoch > log.epoch || cursor.offset > head) {
      cursor = Cursor(epoch: log.epoch, offset: 0)
      guard form.reset(cursor, to: &bytes) else { return true }
    }
    guard cursor.epoch == log.epoch else { return false }
    let begin = bytes.count
    while cursor.offset < head, bytes.count - begin < limit {
      cursor.offset += 1
      let events = log.events(of: cursor.offset)
      if cursor.offset == head, let terminal {
        form.end(events, cursor, terminal, message: log.hasAnswer ? message : nil, to: &bytes)
        return true
      }
      form.chunk(events, cursor, to: &bytes)
    }
    return false
  }
}
