import NIOCore

/// How the events of a stream stand on the wire, one after the other.
protocol Framing: Sendable {
  /// The media type of the stream.
  var contentType: String { get }

  /// How many bytes of an event that count as its line's are not data.
  func overhead(_ head: Event.Head) -> Int

  /// Opens an event; exactly `length` bytes of data follow.
  mutating func begin(_ head: Event.Head, length: Int, in buffer: inout ByteBuffer)

  /// Tells of the next bytes of its data.
  mutating func pass(_ data: ByteBuffer)

  /// Ends it.
  mutating func end(in buffer: inout ByteBuffer)

  /// Something to send when nothing else is to be sent; nil if the format has nothing of the kind.
  mutating func heartbeat() -> ByteBuffer?
}

extension Framing {
  mutating func pass(_ data: ByteBuffer) {}

  mutating func heartbeat() -> ByteBuffer? { nil }

  /// Appends a whole event.
  mutating func append(_ event: Event, to buffer: inout ByteBuffer) {
    let data = ByteBuffer(string: event.data)
    guard event.head.kind != .raw else {
      buffer.writeImmutableBuffer(data)
      return
    }
    begin(event.head, length: data.readableBytes, in: &buffer)
    pass(data)
    if event.head.kind != .error { buffer.writeImmutableBuffer(data) }
    end(in: &buffer)
  }

  /// Whole events.
  mutating func events(_ events: [Event]) -> ByteBuffer {
    var buffer = ByteBuffer()
    for event in events { append(event, to: &buffer) }
    return buffer
  }

  /// Appends the event that carries `token`.
  mutating func append(_ token: Token, in delta: Delta, to buffer: inout ByteBuffer) {
    let length = delta.lead.count + token.json.count + delta.trail.count
    begin(delta.head, length: length, in: &buffer)
    let start = buffer.writerIndex
    buffer.writeBytes(delta.lead)
    buffer.writeBytes(token.json)
    buffer.writeBytes(delta.trail)
    if let data = buffer.getSlice(at: start, length: length) { pass(data) }
    end(in: &buffer)
  }
}
