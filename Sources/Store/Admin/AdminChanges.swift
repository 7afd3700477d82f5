import Wire

/// The columns of one row that are given, with their new values. What is not in it keeps its value.
package struct AdminChanges: Sendable {
  private var members: [(column: String, json: [UInt8])] = []

  package init() {}

  /// In the order they were given.
  package var columns: [String] { members.map(\.column) }
  package var isEmpty: Bool { members.isEmpty }

  /// Each of these does nothing for nil, which means that the operator did not say.
  package mutating func set(_ column: String, _ value: String?) {
    guard let value else { return }
    write(column) { $0.string(value) }
  }

  package mutating func set(_ column: String, _ value: Int?) {
    guard let value else { return }
    write(column) { $0.integer(value) }
  }

  package mutating func set(_ column: String, _ value: Bool?) {
    guard let value else { return }
    write(column) { $0.bool(value) }
  }

  /// For text[].
  package mutating func set(_ column: String, _ values: [String]?) {
    guard let values else { return }
    write(column) { writer in
      writer.beginArray()
      for value in values { writer.string(value) }
      writer.endArray()
    }
  }

  /// For jsonb: one whole JSON value.
  package mutating func set(_ column: String, json: String?) {
    guard let json else { return }
    write(column) { $0.raw(json) }
  }

  /// For numeric: digits, with a point or without.
  package mutating func set(_ column: String, decimal: String?) {
    guard let decimal else { return }
    write(column) { $0.raw(decimal) }
  }

  /// For bytea.
  package mutating func set(_ column: String, bytes: [UInt8]) {
    let digits = Array("0123456789abcdef".utf8)
    let hex = bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
    write(column) { $0.string("\\x" + String(decoding: hex, as: UTF8.self)) }
  }

  /// Null.
  package mutating func unset(_ column: String) { write(column) { $0.null() } }

  private mutating func write(_ column: String, _ body: (inout JSONWriter) -> Void) {
    var writer = JSONWriter(capacity: 64)
    body(&writer)
    members.append((column, writer.bytes))
  }

  /// The object that the statements take.
  var parameter: Parameter {
    var writer = JSONWriter()
    writer.beginObject()
    for (column, json) in members {
      writer.key(escaping: column)
      writer.raw(json)
    }
    writer.endObject()
    return .utf8(writer.bytes)
  }
}
