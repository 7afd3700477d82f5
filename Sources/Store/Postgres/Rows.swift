import CPostgres

/// What one statement returned. Columns are counted from 0; a value is nil if it is NULL *or cannot be read as asked*.
/// Values travel in text format, so every type can also be read as `string`.
// Sendable is unchecked because of the C pointer: a PGresult is never changed once made, and freed by deinit alone.
package final class Rows: @unchecked Sendable {
  private let result: OpaquePointer?
  package let count: Int

  /// Takes over a PGresult; nil stands for a statement that returned nothing.
  init(_ result: OpaquePointer?) {
    self.result = result
    count = result.map { Int(PQntuples($0)) } ?? 0
  }

  deinit { PQclear(result) }

  package var isEmpty: Bool { count == 0 }

  /// Rows inserted, updated, deleted or selected; 0 for other statements.
  package var affected: Int {
    result.flatMap { PQcmdTuples($0) }.flatMap { Int(String(cString: $0)) } ?? 0
  }

  /// True for NULL, and for a row or column that is not there.
  package func isNull(_ row: Int, _ column: Int) -> Bool { value(row, column) == nil }

  package func string(_ row: Int, _ column: Int) -> String? {
    value(row, column).map { String(decoding: $0, as: UTF8.self) }
  }

  /// The bytes of `string`, for text that goes on as it came.
  package func utf8(_ row: Int, _ column: Int) -> [UInt8]? { value(row, column).map { Array($0) } }

  /// smallint, integer or bigint.
  package func int(_ row: Int, _ column: Int) -> Int? { string(row, column).flatMap { Int($0) } }

  package func bool(_ row: Int, _ column: Int) -> Bool? {
    guard let value = value(row, column), value.count == 1 else { return nil }
    switch value[0] {
    case UInt8(ascii: "t"): return true
    case UInt8(ascii: "f"): return false
    default: return nil
    }
  }

  /// The high and the low half of the 128 bits.
  package func uuid(_ row: Int, _ column: Int) -> (UInt64, UInt64)? {
    guard let value = value(row, column), value.count == 36 else { return nil }
    var bits: (UInt64, UInt64) = (0, 0)
    for byte in value where byte != UInt8(ascii: "-") {
      let digit: UInt8
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
      case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
      default: return nil
      }
      bits.0 = bits.0 << 4 | bits.1 >> 60
      bits.1 = bits.1 << 4 | UInt64(digit)
    }
    return bits
  }

  /// bytea.
  package func bytes(_ row: Int, _ column: Int) -> [UInt8]? {
    guard let text = value(row, column)?.baseAddress else { return nil }
    var length = 0
    guard let bytes = PQunescapeBytea(text, &length) else { return nil }
    defer { PQfreemem(bytes) }
    return Array(UnsafeBufferPointer(start: bytes, count: length))
  }

  private func value(_ row: Int, _ column: Int) -> UnsafeBufferPointer<UInt8>? {
    guard let result, row >= 0, row < count, column >= 0, column < Int(PQnfields(result)),
      PQgetisnull(result, Int32(row), Int32(column)) == 0
    else { return nil }
    let length = Int(PQgetlength(result, Int32(row), Int32(column)))
    return PQgetvalue(result, Int32(row), Int32(column)).map { start in
      UnsafeBufferPointer(start: UnsafeRawPointer(start).assumingMemoryBound(to: UInt8.self), count: length)
    }
  }
}
