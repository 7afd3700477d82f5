import ArgumentParser
import Store

/// Until when a key holds.
enum Lifetime {
  /// Of a span: a hundred years.
  private static let longest = 100 * 366 * 86_400

  /// `90d`, `12h`, `30m`, `45s` or `8w` from now by PostgreSQL's clock, or a date or time that PostgreSQL reads. Throws a
  /// usage error for what is neither.
  static func write(_ text: String?, to changes: inout AdminChanges) throws {
    guard let text else { return }
    for (unit, factor) in [("s", 1), ("m", 60), ("h", 3_600), ("d", 86_400), ("w", 604_800)] where text.hasSuffix(unit)
    {
      if let number = Int(text.dropLast()), (1...longest / factor).contains(number) {
        return changes.set("lifetime_s", number * factor)
      }
    }
    let shape = text.utf8.prefix(10).map { (0x30...0x39).contains($0) ? UInt8(ascii: "0") : $0 }
    guard shape == Array("0000-00-00".utf8) else {
      throw misuse("--expires must be such as 90d, 12h, 2027-01-31 or 2027-01-31T12:00:00Z")
    }
    changes.set("expires_at", text)
  }
}
