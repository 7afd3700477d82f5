import Chat
import FrontDoor

/// A poll's query: its cursor, and the id in its path.
enum Cursors: FuzzTarget {
  static let name = "cursor"

  static let words = ["cursor=", "&", "=", "%", "+", "1.0", "999999999.999999999", "%2E", "01890000-0000-7000-8000-"]

  static func seeds() -> [[UInt8]] {
    [
      "1.0", "1.42", "01.007", "0.1", "999999999.999999999", "1000000000.1", "1.", ".1", "-1.0", "1.0.0", "1.٣",
      "cursor=1.42&wait=20000&hidden=1", "a=b&cursor=1%2e42", "cursor", "cursor=%zz%4", "token=+%F0%9F&cursor=1.1",
      "01890000-0000-7000-8000-000000000000", "01890000-ABCD-7000-8000-000000000000",
    ].map { Array($0.utf8) }
  }

  static func check(_ input: [UInt8]) throws(Violation) {
    let text = String(decoding: input, as: UTF8.self)
    if let cursor = Cursor(text) {
      try hold((1...999_999_999).contains(cursor.epoch) && (0...999_999_999).contains(cursor.offset), "\(cursor)")
      try hold(Cursor(cursor.description) == cursor, "\(cursor) is not read back")
      let numbers = text.split(separator: ".").map { Int($0) }
      try hold(numbers == [cursor.epoch, cursor.offset], "\(text) is \(cursor)")
    }
    if let id = ID(text) {
      try hold(ID(id.description) == id && id.description == text.lowercased(), "\(text) is \(id)")
    }
    let request = Request(method: .get, path: "/", query: text)
    let expected = value(of: "cursor", in: Array(text.utf8))
    try hold(request.queryValue("cursor") == expected, "\(String(describing: expected)) in \(text)")
    // A value is read as it was before it was encoded.
    let encoded = input.map { "%" + (($0 < 16 ? "0" : "") + String($0, radix: 16)) }.joined()
    let asked = Request(method: .get, path: "/", query: "a=b&cursor=\(encoded)&cursor=c")
    try hold(asked.queryValue("cursor") == text, "\(text) is not read back")
  }

  /// WHATWG URL, section 5.1, step by step.
  private static func value(of name: String, in query: [UInt8]) -> String? {
    for pair in query.split(separator: UInt8(ascii: "&")) {
      let key = pair.prefix { $0 != UInt8(ascii: "=") }
      guard key.elementsEqual(name.utf8) else { continue }
      var value: [UInt8] = []
      var rest = pair.dropFirst(key.count + 1)
      while let byte = rest.popFirst() {
        let digits = String(decoding: rest.prefix(2), as: UTF8.self)
        if byte == UInt8(ascii: "%"), digits.utf8.count == 2, digits.allSatisfy(\.isHexDigit),
          let decoded = UInt8(digits, radix: 16)
        {
          value.append(decoded)
          rest = rest.dropFirst(2)
        } else {
          value.append(byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
        }
      }
      return String(decoding: value, as: UTF8.self)
    }
    return nil
  }
}
