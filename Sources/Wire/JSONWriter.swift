/// Builds one JSON text, members in the order they are written. The writer puts the commas.
package struct JSONWriter: Sendable {
  package private(set) var bytes: [UInt8]
  private var needsComma = false

  package init(capacity: Int = 256) {
    bytes = []
    bytes.reserveCapacity(capacity)
  }

  package mutating func beginObject() { open(0x7B) }
  package mutating func endObject() { close(0x7D) }
  package mutating func beginArray() { open(0x5B) }
  package mutating func endArray() { close(0x5D) }

  /// `name` needs no escaping: the program's own words.
  package mutating func key(_ name: StaticString) {
    comma()
    bytes.append(0x22)
    bytes.append(contentsOf: UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
    bytes.append(0x22)
    bytes.append(0x3A)
    needsComma = false
  }

  /// A member name that came from outside.
  package mutating func key(escaping name: String) {
    comma()
    JSONText.append(quoted: name, to: &bytes)
    bytes.append(0x3A)
    needsComma = false
  }

  package mutating func string(_ value: String) {
    comma()
    JSONText.append(quoted: value, to: &bytes)
    needsComma = true
  }

  package mutating func string(utf8 value: [UInt8]) {
    comma()
    bytes.append(0x22)
    value.withUnsafeBytes { JSONText.append($0, to: &bytes) }
    bytes.append(0x22)
    needsComma = true
  }

  package mutating func integer(_ value: Int) { raw(String(value)) }
  package mutating func bool(_ value: Bool) { raw(value ? "true" : "false") }
  package mutating func null() { raw("null") }

  /// `json` must be one whole JSON value (or, inside an array, several joined by commas).
  package mutating func raw(_ json: String) {
    comma()
    bytes.append(contentsOf: json.utf8)
    needsComma = true
  }

  /// As `raw(_: String)`.
  package mutating func raw(_ json: some Collection<UInt8>) {
    comma()
    bytes.append(contentsOf: json)
    needsComma = true
  }

  package mutating func member(_ name: StaticString, _ value: String?) {
    guard let value else { return }
    key(name)
    string(value)
  }

  package mutating func member(_ name: StaticString, _ value: Int?) {
    guard let value else { return }
    key(name)
    integer(value)
  }

  package mutating func member(_ name: StaticString, _ value: Bool) {
    key(name)
    bool(value)
  }

  private mutating func open(_ bracket: UInt8) {
    comma()
    bytes.append(bracket)
    needsComma = false
  }

  private mutating func close(_ bracket: UInt8) {
    bytes.append(bracket)
    needsComma = true
  }

  private mutating func comma() { if needsComma { bytes.append(0x2C) } }
}
