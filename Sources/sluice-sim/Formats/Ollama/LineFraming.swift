import NIOCore

/// A JSON object a line.
struct LineFraming: Framing {
  let contentType = "application/x-ndjson"

  func overhead(_ head: Event.Head) -> Int { 0 }

  func begin(_ head: Event.Head, length: Int, in buffer: inout ByteBuffer) {}

  func end(in buffer: inout ByteBuffer) { buffer.writeInteger(UInt8(ascii: "\n")) }
}
