import ArgumentParser

/// An amount of money, or a price, as digits with a point: never rounded on its way to the database.
struct Amount: ExpressibleByArgument, Sendable {
  let text: String

  init?(argument: String) {
    let parts = argument.utf8.split(separator: UInt8(ascii: "."), maxSplits: 1, omittingEmptySubsequences: false)
    let areDigits = parts.allSatisfy { !$0.isEmpty && $0.allSatisfy { (0x30...0x39).contains($0) } }
    guard areDigits, argument.utf8.count <= 30 else { return nil }
    // JSON knows no zeros in front.
    let whole = parts[0].drop { $0 == UInt8(ascii: "0") }
    let fraction = parts.count > 1 ? "." + String(decoding: parts[1], as: UTF8.self) : ""
    text = (whole.isEmpty ? "0" : String(decoding: whole, as: UTF8.self)) + fraction
  }
}
