/// Writes JSON strings by hand: the streamed chunks must stay cheap, and the simulator must choose which of the several
/// legal spellings of a character it sends.
enum JSONText {
  /// How characters outside ASCII are spelled.
  enum Spelling {
    /// UTF-8 as it is; only what RFC 8259 section 7 demands is escaped.
    case raw
    /// Everything outside ASCII as `\uXXXX`, surrogate pairs included, and `/` as `\/`: all legal, all seen in the wild.
    case ascii
  }

  /// The inside of the JSON string for `text`, without the quotes.
  static func escaped(_ text: String, _ spelling: Spelling = .raw) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.utf8.count)
    switch spelling {
    case .raw:
      for byte in text.utf8 { append(byte, to: &bytes) }
    case .ascii:
      for unit in text.utf16 {
        if unit == UInt16(UInt8(ascii: "/")) {
          bytes.append(contentsOf: [UInt8(ascii: "\\"), UInt8(ascii: "/")])
        } else if let byte = UInt8(exactly: unit), byte < 0x7F {
          append(byte, to: &bytes)
        } else {
          appendHex(unit, to: &bytes)
        }
      }
    }
    return bytes
  }

  /// The whole JSON string for `text`, quotes included.
  static func quoted(_ text: String) -> String {
    "\"" + String(decoding: escaped(text), as: UTF8.self) + "\""
  }

  private static func append(_ byte: UInt8, to bytes: inout [UInt8]) {
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes.append(contentsOf: [UInt8(ascii: "\\"), byte])
    case UInt8(ascii: "\n"): bytes.append(contentsOf: "\\n".utf8)
    case UInt8(ascii: "\r"): bytes.append(contentsOf: "\\r".utf8)
    case UInt8(ascii: "\t"): bytes.append(contentsOf: "\\t".utf8)
    case 0x00..<0x20: appendHex(UInt16(byte), to: &bytes)
    default: bytes.append(byte)
    }
  }

  private static func appendHex(_ unit: UInt16, to bytes: inout [UInt8]) {
    let digits = Array("0123456789abcdef".utf8)
    bytes.append(contentsOf: "\\u".utf8)
    for shift in [12, 8, 4, 0] { bytes.append(digits[Int(unit >> UInt16(shift)) & 0xF]) }
  }
}
