import Chat
import TestSupport

/// Text made of all that is awkward in JSON, UTF-8 or PostgreSQL.
enum Script {
  private static let pools: [[String]] = [
    (0x20..<0x7F).map { String(UnicodeScalar($0)) },
    (0x00..<0x20).map { String(UnicodeScalar($0)) } + ["\u{7F}", "\u{80}", "\u{9F}"],
    ["\"", "\\", "/", "\\u0000", "\\\"", "\"type\":\"text\"", "},{", "]", "\r\n", "&<>"],
    ["é", "ß", "Ж", "ק", "\u{7FF}", "\u{800}", "中", "\u{2028}", "\u{2029}", "\u{FEFF}", "\u{FFFD}", "\u{FFFF}"],
    ["😀", "👩‍👩‍👧‍👦", "🇩🇪", "\u{10000}", "\u{10FFFF}", "e\u{301}\u{323}", "𝄞"],
  ]

  /// About `length` pieces, each of one pool; sometimes one pool makes all of them.
  static func text(_ length: Int, using random: inout SplitMix) -> String {
    let only = Bool.random(using: &random) ? pools.randomElement(using: &random) : nil
    var text = ""
    for _ in 0..<length {
      let pool = only ?? pools.randomElement(using: &random) ?? []
      text += pool.randomElement(using: &random) ?? ""
    }
    return text
  }

  /// What a reader gets of `text`: PostgreSQL cannot hold NUL.
  static func readable(_ text: String) -> [UInt8] {
    text.utf8.flatMap { $0 == 0 ? [0xEF, 0xBF, 0xBD] : [$0] }
  }
}

/// Calls `body` with the UTF-8 of `text`, as a driver hands over a delta.
func withDelta<Value>(_ text: String, _ body: (UnsafeRawBufferPointer) -> Value) -> Value {
  var text = text
  return text.withUTF8 { body(UnsafeRawBufferPointer($0)) }
}

extension TurnLog {
  mutating func text(_ text: String) { withDelta(text) { appendText($0) } }
  mutating func reasoning(_ text: String) { withDelta(text) { appendReasoning($0) } }
}

extension Turn {
  @discardableResult mutating func text(_ text: String, at now: Int = 0) -> Effects {
    withDelta(text) { appendText($0, at: now) }
  }
  @discardableResult mutating func reasoning(_ text: String) -> Effects { withDelta(text) { appendReasoning($0) } }
}
