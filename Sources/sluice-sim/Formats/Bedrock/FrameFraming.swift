import CZlib
import NIOCore

/// AWS's binary event stream: frames with headers and two check sums.
///
/// Source: smithy.io, "Amazon Event Stream specification": total length, length of the headers, CRC-32 of these two,
/// headers, payload, CRC-32 of all before; numbers are big-endian.
struct FrameFraming: Framing {
  let contentType = "application/vnd.amazon.eventstream"

  /// Of the frame under way, so far.
  private var sum: UInt = 0
  /// An error under way, and what it says.
  private var pending: Event.Head?
  private var message = ""

  /// The whole frame counts.
  func overhead(_ head: Event.Head) -> Int { Self.edges + Self.headers(head, message: nil).readableBytes }

  mutating func begin(_ head: Event.Head, length: Int, in buffer: inout ByteBuffer) {
    // An error is all headers: what would be its data is the message, which comes to ``pass(_:)``.
    guard head.kind != .error else {
      pending = head
      return
    }
    write(Self.headers(head, message: nil), length: length, to: &buffer)
  }

  mutating func pass(_ data: ByteBuffer) {
    if pending != nil { message = String(buffer: data) } else { add(data) }
  }

  mutating func end(in buffer: inout ByteBuffer) {
    if let head = pending {
      pending = nil
      write(Self.headers(head, message: message), length: 0, to: &buffer)
    }
    buffer.writeInteger(UInt32(truncatingIfNeeded: sum))
  }

  /// The bytes of a frame that are neither headers nor payload.
  private static let edges = 16

  private mutating func write(_ headers: ByteBuffer, length: Int, to buffer: inout ByteBuffer) {
    sum = 0
    var prelude = ByteBuffer()
    prelude.writeInteger(UInt32(Self.edges + headers.readableBytes + length))
    prelude.writeInteger(UInt32(headers.readableBytes))
    add(prelude)
    let preludeSum = ByteBuffer(integer: UInt32(truncatingIfNeeded: sum))
    add(preludeSum)
    add(headers)
    for piece in [prelude, preludeSum, headers] { buffer.writeImmutableBuffer(piece) }
  }

  private mutating func add(_ bytes: ByteBuffer) {
    sum = bytes.withUnsafeReadableBytes { bytes in
      crc32(sum, bytes.bindMemory(to: UInt8.self).baseAddress, UInt32(bytes.count))
    }
  }

  private static func headers(_ head: Event.Head, message: String?) -> ByteBuffer {
    var buffer = ByteBuffer()
    switch head.kind {
    case .event, .raw:
      write(":event-type", head.name, to: &buffer)
      write(":content-type", "application/json", to: &buffer)
      write(":message-type", "event", to: &buffer)
    case .exception:
      write(":exception-type", head.name, to: &buffer)
      write(":content-type", "application/json", to: &buffer)
      write(":message-type", "exception", to: &buffer)
    case .error:
      write(":error-code", head.name, to: &buffer)
      write(":error-message", message ?? "", to: &buffer)
      write(":message-type", "error", to: &buffer)
    }
    return buffer
  }

  /// A header whose value is a string: kind 7.
  private static func write(_ name: String, _ value: String, to buffer: inout ByteBuffer) {
    buffer.writeInteger(UInt8(name.utf8.count))
    buffer.writeString(name)
    buffer.writeInteger(UInt8(7))
    buffer.writeInteger(UInt16(value.utf8.count))
    buffer.writeString(value)
  }
}
