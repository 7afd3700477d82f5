/// How far a reader has read: `epoch.offset`, where offset counts chunks. Opaque to clients.
package struct Cursor: Equatable, Sendable, CustomStringConvertible {
  package var epoch: Int
  package var offset: Int

  package init(epoch: Int, offset: Int) {
    self.epoch = epoch
    self.offset = offset
  }

  package static let start = Cursor(epoch: 1, offset: 0)

  /// `1.42`. Nil if it is anything but two decimal numbers of at most nine digits, the first at least 1.
  package init?(_ text: some StringProtocol) {
    let parts = text.utf8.split(separator: 0x2E, omittingEmptySubsequences: false)
    guard parts.count == 2, let epoch = Self.number(parts[0]), let offset = Self.number(parts[1]), epoch > 0 else {
      return nil
    }
    self.init(epoch: epoch, offset: offset)
  }

  private static func number(_ digits: some Collection<UInt8>) -> Int? {
    guard (1...9).contains(digits.count) else { return nil }
    var value = 0
    for digit in digits {
      guard (0x30...0x39).contains(digit) else { return nil }
      value = value * 10 + Int(digit - 0x30)
    }
    return value
  }

  package var description: String { "\(epoch).\(offset)" }
}
