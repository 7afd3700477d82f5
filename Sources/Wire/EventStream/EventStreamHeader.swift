/// A header of a message: a name and a value of one of nine types.
package struct EventStreamHeader: Sendable, Equatable {
  package enum Value: Sendable, Equatable {
    case bool(Bool)
    case byte(Int8)
    case int16(Int16)
    case int32(Int32)
    case int64(Int64)
    case bytes([UInt8])
    case string(String)
    /// Milliseconds since 1970.
    case timestamp(Int64)
    /// 16 bytes.
    case uuid([UInt8])

    /// Nil for a value of another type.
    package var string: String? { if case .string(let text) = self { text } else { nil } }
  }

  package let name: String
  package let value: Value

  package init(name: String, value: Value) {
    self.name = name
    self.value = value
  }

  /// All headers of a message. Throws for a length that leads past the end, and for a type nobody has defined: no value
  /// behind it could be found.
  static func parse(_ bytes: UnsafeRawBufferPointer) throws(EventStreamError) -> [EventStreamHeader] {
    var rest = BigEndianBytes(bytes)
    var headers: [EventStreamHeader] = []
    while !rest.isEmpty {
      let name = String(decoding: try rest.take(Int(try rest.integer(UInt8.self))), as: UTF8.self)
      headers.append(EventStreamHeader(name: name, value: try value(in: &rest)))
    }
    return headers
  }

  private static func value(in rest: inout BigEndianBytes) throws(EventStreamError) -> Value {
    switch try rest.integer(UInt8.self) {
    case 0: return .bool(true)
    case 1: return .bool(false)
    case 2: return .byte(try rest.integer())
    case 3: return .int16(try rest.integer())
    case 4: return .int32(try rest.integer())
    case 5: return .int64(try rest.integer())
    case 6: return .bytes(Array(try rest.take(Int(try rest.integer(UInt16.self)))))
    case 7: return .string(String(decoding: try rest.take(Int(try rest.integer(UInt16.self))), as: UTF8.self))
    case 8: return .timestamp(try rest.integer())
    case 9: return .uuid(Array(try rest.take(16)))
    default: throw .headers
    }
  }
}

/// Reads from the front of some bytes, never past their end.
private struct BigEndianBytes {
  private var rest: UnsafeRawBufferPointer

  init(_ bytes: UnsafeRawBufferPointer) { rest = bytes }

  var isEmpty: Bool { rest.isEmpty }

  mutating func take(_ count: Int) throws(EventStreamError) -> UnsafeRawBufferPointer {
    guard count <= rest.count else { throw .headers }
    defer { rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count)) }
    return UnsafeRawBufferPointer(rebasing: rest.prefix(count))
  }

  mutating func integer<Integer: FixedWidthInteger>(
    _ type: Integer.Type = Integer.self
  ) throws(EventStreamError) -> Integer {
    Integer(bigEndian: try take(MemoryLayout<Integer>.size).loadUnaligned(as: Integer.self))
  }
}
