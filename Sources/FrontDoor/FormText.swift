/// Text encoded as `application/x-www-form-urlencoded`, as a query carries it (WHATWG URL, section 5.1): "+" is a space,
/// "%41" a byte, a "%" without two hexadecimal digits stands for itself, and what is no UTF-8 becomes U+FFFD.
enum FormText {
  /// The first value of that name, decoded; nil if the name is absent.
  static func value(of name: StaticString, in text: String) -> String? {
    let bytes = text.utf8.span
    var start = 0
    while start < bytes.count {
      var end = start
      while end < bytes.count, bytes[end] != UInt8(ascii: "&") { end += 1 }
      let pair = bytes.extracting(start..<end)
      if pair.begins(with: name) {
        let length = name.utf8CodeUnitCount
        if pair.count == length { return "" }
        if pair[length] == UInt8(ascii: "=") { return decode(pair.extracting(droppingFirst: length + 1)) }
      }
      start = end + 1
    }
    return nil
  }

  static func decode(_ text: borrowing Span<UInt8>) -> String {
    String(unsafeUninitializedCapacity: text.count) { buffer in
      var written = 0
      var index = 0
      while index < text.count {
        var byte = text[index]
        if byte == UInt8(ascii: "+") {
          byte = UInt8(ascii: " ")
        } else if byte == UInt8(ascii: "%"), index + 2 < text.count,
          let high = digit(text[index + 1]), let low = digit(text[index + 2])
        {
          byte = high << 4 | low
          index += 2
        }
        buffer[written] = byte
        written += 1
        index += 1
      }
      return written
    }
  }

  private static func digit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
  }
}

extension Span<UInt8> {
  func begins(with text: StaticString) -> Bool {
    guard count >= text.utf8CodeUnitCount else { return false }
    for index in 0..<text.utf8CodeUnitCount where self[index] != text.utf8Start[index] { return false }
    return true
  }
}
