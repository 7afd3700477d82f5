import Chat
import FrontDoor
import Wire

/// JSON lines, for plain HTTP clients: a chunk is a line, of the members of a poll's reply. A line without events is a
/// sign of life.
struct JSONLinesForm: StreamForm {
  static let contentType = "application/x-ndjson"

  private static let common = Response.Head.streamed(contentType: contentType)

  var head: Response.Head { Self.common }
  var resumes: Bool { true }
  /// The first line; nil for a stream of a turn that was started before.
  private let receipt: [UInt8]?

  init(receipt: [UInt8]? = nil) { self.receipt = receipt }

  func begin(to bytes: inout [UInt8]) {
    guard let receipt else { return }
    bytes.append(contentsOf: receipt)
    bytes.append(0x0A)
  }

  func chunk(_ events: ArraySlice<UInt8>, _ cursor: Cursor, to bytes: inout [UInt8]) {
    put(PollReply(cursor: cursor, events: events), to: &bytes)
  }

  func reset(_ cursor: Cursor, to bytes: inout [UInt8]) -> Bool {
    var reply = PollReply(cursor: cursor)
    reply.reset = true
    put(reply, to: &bytes)
    return true
  }

  func end(
    _ events: ArraySlice<UInt8>, _ cursor: Cursor, _ terminal: Terminal, message: ID?, to bytes: inout [UInt8]
  ) {
    var reply = PollReply(cursor: cursor, events: events)
    reply.terminal = terminal
    reply.message = message
    put(reply, to: &bytes)
  }

  func ping(_ cursor: Cursor, to bytes: inout [UInt8]) { put(PollReply(cursor: cursor), to: &bytes) }

  func leave(to bytes: inout [UInt8]) {}

  private func put(_ reply: PollReply, to bytes: inout [UInt8]) {
    bytes.append(contentsOf: reply.line)
    bytes.append(0x0A)
  }
}
