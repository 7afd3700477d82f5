/// Appends text to JSON: the hot path of every token, so it copies runs and stops only at bytes that need escaping.
/// RFC 8259, section 7.
package enum JSONText {
  /// Appends `utf8` escaped for the inside of a JSON string, without the quotes.
  ///
  /// `utf8` must be valid UTF-8. NUL becomes U+FFFD: PostgreSQL's `text` and `jsonb` cannot hold it. U+2028 and U+2029
  /// stay as they are: JSON allows them.
  package static func append(_ utf8: UnsafeRawBufferPointer, to out: inout [UInt8]) {
    var start = 0
    var index = 0
    let count = utf8.count
    while index < count {
      let byte = utf8[index]
      if _fastPath(byte >= 0x20 && byte != 0x22 && byte != 0x5C && byte != 0x7F) {
        index &+= 1
        continue
      }
      if start < index { out.append(contentsOf: UnsafeRawBufferPointer(rebasing: utf8[start..<index])) }
      appendEscape(of: byte, to: &out)
      index &+= 1
      start = index
    }
    if start < count { out.append(contentsOf: UnsafeRawBufferPointer(rebasing: utf8[start..<count])) }
  }

  /// Appends `string` as a JSON string with its quotes.
  package static func append(quoted string: String, to out: inout [UInt8]) {
    out.append(0x22)
    var string = string
    string.withUTF8 { append(UnsafeRawBufferPointer($0), to: &out) }
    out.append(0x22)
  }

  /// What `append` made of NUL, here for text that stays unescaped (the final message).
  package static let replacement: [UInt8] = [0xEF, 0xBF, 0xBD]

  private static func appendEscape(of byte: UInt8, to out: inout [UInt8]) {
    switch byte {
    case 0x22: out.append(contentsOf: [0x5C, 0x22])
    case 0x5C: out.append(contentsOf: [0x5C, 0x5C])
    case 0x0A: out.append(contentsOf: [0x5C, 0x6E])
    case 0x0D: out.append(contentsOf: [0x5C, 0x72])
    case 0x09: out.append(contentsOf: [0x5C, 0x74])
    case 0x00: out.append(contentsOf: replacement)
    default:
      let digits: StaticString = "0123456789abcdef"
      out.append(contentsOf: [0x5C, 0x75, 0x30, 0x30])
      out.append(digits.utf8Start[Int(byte >> 4)])
      out.append(digits.utf8Start[Int(byte & 15)])
    }
  }
}
