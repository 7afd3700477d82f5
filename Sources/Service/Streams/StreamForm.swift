import Chat
import FrontDoor

/// How a stream says what a turn's log holds. One value for each stream: it may remember what it has said, and is small,
/// for there are thousands. All bytes go to the end of what is given.
protocol StreamForm: Sendable {
  /// Status and headers; a stream has no length.
  var head: Response.Head { get }

  /// Whether its reader can come again and go on where it was: then a stream may be ended at any chunk.
  var resumes: Bool { get }

  /// What comes before everything else.
  mutating func begin(to bytes: inout [UInt8])

  /// One chunk: its events joined by commas, and the cursor behind it.
  mutating func chunk(_ events: ArraySlice<UInt8>, _ cursor: Cursor, to bytes: inout [UInt8])

  /// The text starts over at `cursor`: what was said does not count. False: this form cannot say that, and the stream
  /// ends with what was written here.
  mutating func reset(_ cursor: Cursor, to bytes: inout [UInt8]) -> Bool

  /// The terminal chunk, and how the turn ended. `message`: the answer's id, if there is one. The stream ends here.
  mutating func end(
    _ events: ArraySlice<UInt8>, _ cursor: Cursor, _ terminal: Terminal, message: ID?, to bytes: inout [UInt8])

  /// A sign of life to a reader that has read up to `cursor`.
  mutating func ping(_ cursor: Cursor, to bytes: inout [UInt8])

  /// The stream ends here although the turn does not.
  mutating func leave(to bytes: inout [UInt8])
}
