/// What a scalar is for whoever looks for the ends of words and sentences.
enum TextClass {
  /// Behind a cluster that begins with it a word ends: a space, or a letter of a script that writes no spaces.
  static func endsWord(_ scalar: Unicode.Scalar) -> Bool { isSpace(scalar) || isOfSpacelessScript(scalar) }

  /// A space at which a line may break.
  static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x09...0x0D, 0x20: true
    case ..<0x85, 0xA0, 0x2007, 0x202F: false
    // The word separators of Ethiopic and Tibetan, and the space that has no width.
    case 0x1361, 0x0F0B, 0x200B: true
    case ..<0x1680: scalar.value == 0x85
    case 0x1680, 0x2000...0x205F, 0x3000: scalar.properties.isWhitespace
    default: false
    }
  }

  static func isLineEnd(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x0A...0x0D, 0x85, 0x2028, 0x2029: true
    default: false
    }
  }

  /// Ends a sentence if a space follows.
  static func isStop(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    // . ! ? … ‼ ‽ and those of Arabic, Urdu, Devanagari, Armenian and Ethiopic.
    case 0x2E, 0x21, 0x3F, 0x2026, 0x203C, 0x203D, 0x2047...0x2049, 0x061F, 0x06D4, 0x0964, 0x0965, 0x0589, 0x1362: true
    default: false
    }
  }

  /// Ends a sentence whatever follows: 。！？．｡
  static func isWideStop(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x3002, 0xFF01, 0xFF1F, 0xFF0E, 0xFF61: true
    default: false
    }
  }

  /// A quote or bracket that closes behind a full stop, or Markdown's emphasis.
  static func isCloser(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    // " ' ) ] } * _ `
    case 0x22, 0x27, 0x29, 0x5D, 0x7D, 0x2A, 0x5F, 0x60: true
    // “ and ‘ close in German.
    case 0x2018, 0x201C: true
    case ..<0xAB: false
    default:
      switch scalar.properties.generalCategory {
      case .finalPunctuation, .closePunctuation: true
      default: false
      }
    }
  }

  /// Thai, Lao, Myanmar, Khmer, Chinese and Japanese with their punctuation, Yi.
  private static func isOfSpacelessScript(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case ..<0x0E00: false
    case 0x0E00...0x0EFF, 0x1000...0x109F, 0x1780...0x17FF, 0x2E80...0x30FF, 0x3100...0x312F, 0x31A0...0x4DBF: true
    case 0x4E00...0xA4CF, 0xF900...0xFAFF, 0xFF00...0xFFEF, 0x20000...0x3FFFF: true
    default: false
    }
  }
}
