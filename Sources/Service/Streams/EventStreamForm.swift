import Chat
import FrontDoor
import Wire

/// Server-sent events (WHATWG HTML, section 9.2): a chunk is a message, its cursor the message's id.
struct EventStreamForm: StreamForm {
  static let contentType = "text/event-stream"

  private static let common = Response.Head.streamed(contentType: contentType)

  var head: Response.Head { Self.common }
  var resumes: Bool { true }
  /// What `event: start` says; nil for a stream of a turn that was started before.
  private let receipt: [UInt8]?

  /// Milliseconds after which a client that lost its stream comes again: not all at once.
  private static let retry = 1_000...2_000
  /// The same where the server has ended it.
  private static let promptRetry = 20...200

  init(receipt: [UInt8]? = nil) { self.receipt = receipt }

  func begin(to bytes: inout [UInt8]) {
    Self.put("retry: \(Int.random(in: Self.retry))\n\n", to: &bytes)
    guard let receipt else { return }
    Self.put("event: start\ndata: ", to: &bytes)
    bytes.append(contentsOf: receipt)
    Self.put("\n\n", to: &bytes)
  }

  func chunk(_ events: ArraySlice<UInt8>, _ cursor: Cursor, to bytes: inout [UInt8]) {
    Self.put(cursor, "chunk", to: &bytes)
    Self.put(#"{"events":["#, to: &bytes)
    bytes.append(contentsOf: events)
    Self.put("]}\n\n", to: &bytes)
  }

  func reset(_ cursor: Cursor, to bytes: inout [UInt8]) -> Bool {
    Self.put(cursor, "reset", to: &bytes)
    Self.put("{}\n\n", to: &bytes)
    return true
  }

  func end(
    _ events: ArraySlice<UInt8>, _ cursor: Cursor, _ terminal: Terminal, message: ID?, to bytes: inout [UInt8]
  ) {
    Self.put(cursor, "end", to: &bytes)
    var writer = JSONWriter(capacity: events.count + 192)
    writer.beginObject()
    writer.key("events")
    writer.beginArray()
    if !events.isEmpty { writer.raw(events) }
    writer.endArray()
    writer.member("state", terminal.state.rawValue)
    PollReply.write(terminal, message: message, to: &writer)
    writer.endObject()
    bytes.append(contentsOf: writer.bytes)
    Self.put("\n\n", to: &bytes)
  }

  func ping(_ cursor: Cursor, to bytes: inout [UInt8]) { Self.put(": ping\n", to: &bytes) }

  func leave(to bytes: inout [UInt8]) { Self.put("retry: \(Int.random(in: Self.promptRetry))\n\n", to: &bytes) }

  private static func put(_ cursor: Cursor, _ event: StaticString, to bytes: inout [UInt8]) {
    put("id: ", to: &bytes)
    cursor.write(to: &bytes)
    put("\nevent: ", to: &bytes)
    put(event, to: &bytes)
    put("\ndata: ", to: &bytes)
  }

  private static func put(_ text: StaticString, to bytes: inout [UInt8]) {
    bytes.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  private static func put(_ text: String, to bytes: inout [UInt8]) { bytes.append(contentsOf: text.utf8) }
}
