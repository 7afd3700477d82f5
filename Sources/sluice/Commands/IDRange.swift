import Chat

/// The ids that begin with what an operator typed: a whole uuid, or its first digits.
enum IDRange {
  /// Digits that say enough: rows made by hand have random ids.
  static let least = 8

  /// Nil for what is neither a uuid nor 8 or more of its first hexadecimal digits, dashes where they belong or nowhere.
  static func parse(_ text: String) -> ClosedRange<ID>? {
    if let id = ID(text) { return id...id }
    let digits = text.filter { $0 != "-" }
    guard (least...32).contains(digits.count), digits.allSatisfy(\.isHexDigit), digits.utf8.count == digits.count,
      digits.count == text.count || dashed(digits + "0").hasPrefix(text)
    else { return nil }
    let missing = 32 - digits.count
    guard let lowest = ID(dashed(digits + String(repeating: "0", count: missing))),
      let highest = ID(dashed(digits + String(repeating: "f", count: missing)))
    else { return nil }
    return lowest...highest
  }

  /// With the dashes that belong before its ninth, 13th, 17th and 21st digit.
  private static func dashed(_ digits: String) -> String {
    var text = ""
    for (place, digit) in digits.enumerated() {
      if place == 8 || place == 12 || place == 16 || place == 20 { text.append("-") }
      text.append(digit)
    }
    return text
  }
}
