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
  package init?(_ text: String) {
    let bytes = text.utf8.span
    var dot = 0
    while dot < bytes.count, bytes[dot] != 0x2E { dot += 1 }
    guard dot < bytes.count, let epoch = Self.number(bytes.extracting(..<dot)), epoch > 0,
      let offset = Self.number(bytes.extracting((dot + 1)...))
    else { return nil }
    self.init(epoch: epoch, offset: offset)
  }

  private static func number(_ digits: borrowing Span<UInt8>) -> Int? {
    guard digits.count >= 1, digits.count <= 9 else { return nil }
    var value = 0
    for index in digits.indices {
      let digit = digits[index]
      guard digit >= 0x30, digit <= 0x39 else { return nil }
      value = value * 10 + Int(digit - 0x30)
    }
    return value
  }

  package var description: String { "\(epoch).\(offset)" }

  /// Appends the description, without making a String of it.
  package func write(to bytes: inout [UInt8]) {
    Self.write(epoch, to: &bytes)
    bytes.append(0x2E)
    Self.write(offset, to: &bytes)
  }

  private static func write(_ number: Int, to bytes: inout [UInt8]) {
    if number >= 10 { write(number / 10, to: &bytes) }
    bytes.append(0x30 + UInt8(number % 10))
  }
}
