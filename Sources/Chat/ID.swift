/// A UUID: version 7 for all that Sluice makes (RFC 9562, section 5.7), any version for what a DBA made.
package struct ID: Hashable, Comparable, Sendable, CustomStringConvertible {
  package let high: UInt64
  package let low: UInt64

  package init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  /// A version 7 id. `tag` fills the 12 bits after the version nibble: for a turn the birth node's tag, a routing hint
  /// only; else random bits. `random` fills the 62 bits of the tail.
  package init(unixMilliseconds: UInt64, tag: UInt16, random: UInt64) {
    high = unixMilliseconds << 16 | 0x7000 | UInt64(tag & 0xFFF)
    low = random & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000
  }

  /// The 36 character form, in either case; nil for anything else.
  package init?(_ text: String) { self.init(utf8: text.utf8.span) }

  private init?(utf8 text: borrowing Span<UInt8>) {
    guard text.count == 36 else { return nil }
    var high: UInt64 = 0
    var low: UInt64 = 0
    for place in 0..<36 {
      let byte = text[place]
      if place == 8 || place == 13 || place == 18 || place == 23 {
        guard byte == 0x2D else { return nil }
      } else {
        let digit: UInt8
        switch byte {
        case 0x30...0x39: digit = byte - 0x30
        case 0x61...0x66: digit = byte - 0x61 + 10
        case 0x41...0x46: digit = byte - 0x41 + 10
        default: return nil
        }
        if place < 18 { high = high << 4 | UInt64(digit) } else { low = low << 4 | UInt64(digit) }
      }
    }
    self.init(high: high, low: low)
  }

  package var description: String {
    String(unsafeUninitializedCapacity: 36) { buffer in
      let digits: StaticString = "0123456789abcdef"
      var place = 0
      for nibble in 0..<32 {
        if nibble == 8 || nibble == 12 || nibble == 16 || nibble == 20 {
          buffer[place] = 0x2D
          place += 1
        }
        let word = nibble < 16 ? high : low
        buffer[place] = digits.utf8Start[Int(word >> UInt64((15 - nibble % 16) * 4) & 15)]
        place += 1
      }
      return 36
    }
  }

  /// Milliseconds since 1970 (UTC) at which a version 7 id was made.
  package var unixMilliseconds: UInt64 { high >> 16 }

  /// The birth node's tag in a turn's id.
  package var tag: UInt16 { UInt16(high & 0xFFF) }

  /// Which leaf of the ring `turn_delta` holds the turn's log: the day of the id modulo 8.
  package var slot: Int16 { Int16(unixMilliseconds / 86_400_000 % 8) }

  package static func < (a: ID, b: ID) -> Bool { (a.high, a.low) < (b.high, b.low) }
}
