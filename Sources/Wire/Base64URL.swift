/// Base64 with the URL-safe alphabet and no padding. RFC 4648, section 5.
package enum Base64URL {
  private static let alphabet: StaticString = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

  package static func encode(_ bytes: [UInt8]) -> String {
    String(unsafeUninitializedCapacity: (bytes.count * 4 + 2) / 3) { out in
      var written = 0
      var bits: UInt32 = 0
      var held = 0
      for byte in bytes {
        bits = bits << 8 | UInt32(byte)
        held += 8
        while held >= 6 {
          held -= 6
          out[written] = alphabet.utf8Start[Int(bits >> UInt32(held) & 63)]
          written += 1
        }
      }
      if held > 0 {
        out[written] = alphabet.utf8Start[Int(bits << UInt32(6 - held) & 63)]
        written += 1
      }
      return written
    }
  }

  /// Nil for any byte outside the alphabet, a length no encoder makes, or set bits behind the end.
  package static func decode(_ text: String) -> [UInt8]? { decode(text.utf8.span) }

  /// As above. Not generic: a poll decodes twice, and across modules a generic would go through witnesses byte by byte.
  package static func decode(_ text: borrowing Span<UInt8>) -> [UInt8]? {
    guard text.count % 4 != 1 else { return nil }
    var isValid = true
    let bytes = [UInt8](unsafeUninitializedCapacity: text.count * 3 / 4) { out, written in
      var bits: UInt32 = 0
      var held: UInt32 = 0
      for index in text.indices {
        guard let value = value(of: text[index]) else {
          isValid = false
          return
        }
        bits = bits << 6 | value
        held += 6
        if held >= 8 {
          held -= 8
          out[written] = UInt8(truncatingIfNeeded: bits >> held)
          written += 1
        }
      }
      isValid = bits & (1 << held - 1) == 0
    }
    return isValid ? bytes : nil
  }

  private static func value(of character: UInt8) -> UInt32? {
    switch character {
    case 0x41...0x5A: UInt32(character - 0x41)
    case 0x61...0x7A: UInt32(character - 0x61 + 26)
    case 0x30...0x39: UInt32(character - 0x30 + 52)
    case 0x2D: 62
    case 0x5F: 63
    default: nil
    }
  }
}
