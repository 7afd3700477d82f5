/// A value for `$n`. nil is NULL. No type is sent: the statement casts each parameter (`$1::uuid[]`).
package struct Parameter: Sendable {
  enum Value: Sendable {
    case null
    /// Text format: PostgreSQL parses it as the type of the cast, so it also serves jsonb, timestamps and numbers.
    case text(String)
    case utf8([UInt8])
    case int(Int)
    case bool(Bool)
    case uuid(UInt64, UInt64)
    /// The binary format of the cast's type.
    case binary([UInt8])
  }

  let value: Value

  private init(_ value: Value?) { self.value = value ?? .null }

  package static let null = Parameter(nil)

  /// A text, or any type in its text form. PostgreSQL cannot hold U+0000: refused with SQLSTATE 22021.
  package static func text(_ value: String?) -> Parameter { Parameter(value.map { .text($0) }) }

  /// `text` from UTF-8 bytes.
  package static func utf8(_ value: [UInt8]?) -> Parameter { Parameter(value.map { .utf8($0) }) }

  /// smallint, integer or bigint, as the cast says.
  package static func int(_ value: Int?) -> Parameter { Parameter(value.map { .int($0) }) }

  package static func bool(_ value: Bool?) -> Parameter { Parameter(value.map { .bool($0) }) }

  /// The high and the low half of the 128 bits.
  package static func uuid(_ value: (UInt64, UInt64)?) -> Parameter { Parameter(value.map { .uuid($0.0, $0.1) }) }

  /// bytea.
  package static func bytes(_ value: [UInt8]?) -> Parameter { Parameter(value.map { .binary($0) }) }

  /// boolean[].
  package static func boolArray(_ values: [Bool]) -> Parameter { Parameter(.binary(BinaryArray(values).bytes)) }

  /// smallint[].
  package static func int2Array(_ values: [Int16]) -> Parameter { Parameter(.binary(BinaryArray(values).bytes)) }

  /// integer[].
  package static func int4Array(_ values: [Int32]) -> Parameter { Parameter(.binary(BinaryArray(values).bytes)) }

  /// bigint[].
  package static func int8Array(_ values: [Int64]) -> Parameter { Parameter(.binary(BinaryArray(values).bytes)) }

  /// uuid[].
  package static func uuidArray(_ values: [(UInt64, UInt64)]) -> Parameter {
    Parameter(.binary(BinaryArray(values).bytes))
  }

  /// text[] from UTF-8 bytes.
  package static func textArray(_ values: [ArraySlice<UInt8>]) -> Parameter {
    Parameter(.binary(BinaryArray(values).bytes))
  }

  /// text[] from UTF-8 bytes.
  package static func textArray(_ values: [[UInt8]]) -> Parameter { textArray(values.map { $0[...] }) }

  /// True for a text that libpq would cut short, because its text format ends at the first zero byte.
  var holdsZeroByte: Bool {
    switch value {
    case .text(let text): text.utf8.contains(0)
    case .utf8(let bytes): bytes.contains(0)
    default: false
    }
  }
}
