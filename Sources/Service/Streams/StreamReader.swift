import Chat

/// What comes after a piece of a stream.
enum StreamStep {
  /// Another piece, at once.
  case more
  /// Nothing, until it is woken.
  case waits
  /// Nothing: the reader has all of the turn.
  case ended
  /// Nothing, although there is more: the reader was told to come again, or that this form cannot go on.
  case broken
}

/// Who reads a turn as a stream: how far it is, and in which form it is told the rest.
struct StreamReader: Sendable {
  var form: any StreamForm
  var cursor: Cursor

  /// Says what follows in a log of which `head` chunks may be seen, about `limit` bytes of it: whole chunks, at least one.
  /// `terminal`: how the turn ended, if `head` is all. Nil if the stream goes on.
  mutating func read(
    _ log: TurnLog, through head: Int, _ terminal: Terminal?, message: ID, limit: Int, to bytes: inout [UInt8]
  ) -> StreamStep? {
    if cursor.epoch < log.epoch || terminal != nil && (cursor.epoch > log.epoch || cursor.offset > head) {
      cursor = Cursor(epoch: log.epoch, offset: 0)
      guard form.reset(cursor, to: &bytes) else { return .broken }
    }
    guard cursor.epoch == log.epoch else { return nil }
    let begin = bytes.count
    while cursor.offset < head, bytes.count - begin < limit {
      cursor.offset += 1
      let events = log.events(of: cursor.offset)
      if cursor.offset == head, let terminal {
        form.end(events, cursor, terminal, message: log.hasAnswer ? message : nil, to: &bytes)
        return .ended
      }
      form.chunk(events, cursor, to: &bytes)
    }
    return nil
  }
}
