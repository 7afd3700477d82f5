/// nginx's times and sizes.
enum NginxMeasure {
  /// `500ms`, `25s`, `1m30s`, `60` (seconds), in milliseconds; nil for what is none.
  static func milliseconds(_ text: String) -> Int? {
    let units = ["ms": 1, "s": 1_000, "": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000]
    var total = 0
    var rest = text[...]
    guard !rest.isEmpty else { return nil }
    while !rest.isEmpty {
      let digits = rest.prefix { $0.isASCII && $0.isNumber }
      let unit = rest.dropFirst(digits.count).prefix { $0.isLetter }
      guard let number = Int(digits), let factor = units[String(unit)] else { return nil }
      let (product, tooLong) = number.multipliedReportingOverflow(by: factor)
      guard !tooLong, product <= 1 << 52 else { return nil }
      total += product
      rest = rest.dropFirst(digits.count + unit.count)
    }
    return total
  }

  /// `4096`, `64k`, `1m`, `1g`, in bytes; nil for what is none.
  static func bytes(_ text: String) -> Int? {
    let factors: [Character: Int] = ["k": 1 << 10, "m": 1 << 20, "g": 1 << 30]
    let factor = text.last.flatMap { factors[Character($0.lowercased())] }
    guard let number = Int(factor == nil ? text[...] : text.dropLast()), (0...1 << 32).contains(number) else {
      return nil
    }
    return number * (factor ?? 1)
  }
}
