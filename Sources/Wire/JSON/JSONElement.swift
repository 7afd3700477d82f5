import CSimdJSON

/// A value inside a `JSONDocument`: a place in it, two words, valid as long as the document lives.
package struct JSONElement {
  package enum Kind: Sendable { case object, array, string, number, bool, null }

  let value: csj_value

  init(_ value: csj_value) { self.value = value }

  package var kind: Kind {
    switch csj_kind_of(value) {
    case CSJ_OBJECT: .object
    case CSJ_ARRAY: .array
    case CSJ_STRING: .string
    case CSJ_BOOL: .bool
    case CSJ_NULL: .null
    default: .number
    }
  }

  package var isNull: Bool { kind == .null }

  /// The first member of that name; nil if there is none or this is no object. Takes time linear in the members.
  package subscript(name: StaticString) -> JSONElement? {
    let found = csj_member(value, name.utf8Start, name.utf8CodeUnitCount)
    return found.document == nil ? nil : JSONElement(found)
  }

  /// The number, if it is whole and fits; `3.0` counts as whole.
  package var int: Int? {
    var integer: Int64 = 0
    if csj_integer(value, &integer) { return Int(integer) }
    return double.flatMap(Int.init(exactly:))
  }

  /// Any number; a 64-bit integer loses what a double cannot hold.
  package var double: Double? {
    var number = 0.0
    return csj_double(value, &number) ? number : nil
  }

  package var bool: Bool? {
    var bool = false
    return csj_bool(value, &bool) ? bool : nil
  }

  /// A copy of the string's text; nil if this is no string.
  package var string: String? { withString { String(decoding: $0, as: UTF8.self) } }

  /// Gives the string's unescaped text (valid UTF-8, may hold NUL) to `body` without a copy; nil if this is no string.
  package func withString<Result, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result? {
    let text = csj_string(value)
    guard let bytes = text.bytes else { return nil }
    return try body(UnsafeRawBufferPointer(start: bytes, count: text.count))
  }

  /// Values of an array or members of an object; 0 for anything else.
  package var count: Int { csj_count(value) }

  /// The values of an array; empty for anything else.
  package var elements: JSONElements { JSONElements(of: self) }

  /// The members of an object in their order, names repeated if the text repeats them; empty for anything else.
  package var members: JSONMembers { JSONMembers(of: self) }

  /// This value as JSON without white space: what the program does not understand and passes on. Numbers are written
  /// anew (`1e2` becomes `100.0`). Nil if memory is exhausted.
  package var minified: [UInt8]? {
    let text = csj_minify(value)
    guard let bytes = text.bytes else { return nil }
    defer { csj_free(text) }
    return Array(UnsafeBufferPointer(start: bytes, count: text.count))
  }
}
