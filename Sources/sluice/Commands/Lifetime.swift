import ArgumentParser
import Store

/// Until when a key holds, and other times that operators give.
enum Lifetime {
  /// A number of seconds, by PostgreSQL's clock.
  case span(Int)
  /// A date or time that PostgreSQL reads.
  case date(String)

  /// Of a span: a hundred years.
  private static let longest = 100 * 366 * 86_400

  var seconds: Int? { if case .span(let seconds) = self { seconds } else { nil } }
  var moment: String? { if case .date(let text) = self { text } else { nil } }

  /// `90d`, `12h`, `30m`, `45s` or `8w`, or a date. Throws a usage error for what is neither.
  static func parse(_ text: String, option: String) throws -> Lifetime {
    if let seconds = span(text) { return .span(seconds) }
    let shape = text.utf8.prefix(10).map { (0x30...0x39).contains($0) ? UInt8(ascii: "0") : $0 }
    guard shape == Array("0000-00-00".utf8) else {
      throw misuse("\(option) must be such as 90d, 12h, 2027-01-31 or 2027-01-31T12:00:00Z")
    }
    return .date(text)
  }

  /// In seconds; nil for what is no span.
  static func span(_ text: String) -> Int? {
    for (unit, factor) in [("s", 1), ("m", 60), ("h", 3_600), ("d", 86_400), ("w", 604_800)] where text.hasSuffix(unit)
    {
      if let number = Int(text.dropLast()), (1...longest / factor).contains(number) { return number * factor }
    }
    return nil
  }

  /// `--expires`, a span from now or a date.
  static func write(_ text: String?, to changes: inout AdminChanges) throws {
    guard let text else { return }
    switch try parse(text, option: "--expires") {
    case .span(let seconds): changes.set("lifetime_s", seconds)
    case .date(let moment): changes.set("expires_at", moment)
    }
  }
}
