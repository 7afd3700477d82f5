/// Identifiers as providers make them, repeatable.
enum Letters {
  /// Letters and digits.
  static func text(_ count: Int, seed: Int) -> String {
    pick(count, of: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", seed: seed)
  }

  /// Hexadecimal digits.
  static func hex(_ count: Int, seed: Int) -> String { pick(count, of: "0123456789abcdef", seed: seed) }

  /// In the form of a UUID, RFC 9562.
  static func uuid(seed: Int) -> String {
    let digits = Array(hex(32, seed: seed))
    return [0..<8, 8..<12, 12..<16, 16..<20, 20..<32].map { String(digits[$0]) }.joined(separator: "-")
  }

  private static func pick(_ count: Int, of digits: String, seed: Int) -> String {
    let digits = Array(digits.utf8)
    var dice = Dice(seed: UInt64(bitPattern: Int64(seed)))
    return String(decoding: (0..<count).map { _ in digits[dice.roll(digits.count)] }, as: UTF8.self)
  }
}
