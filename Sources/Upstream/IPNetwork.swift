/// A range of addresses that begin alike (RFC 4632).
struct IPNetwork: Hashable, Sendable {
  /// The first of them.
  let base: IPAddress
  /// Bits that all have in common.
  let length: Int

  /// `10.0.0.0/8`, `fd00::/8`, or one address. Nil for anything else, also where bits beyond the length are set.
  init?(_ text: some StringProtocol) {
    let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
    guard let base = parts.first.flatMap({ IPAddress($0) }) else { return nil }
    self.base = base
    let width = if case .v4 = base { 32 } else { 128 }
    guard parts.count == 2 else {
      length = width
      return
    }
    // A mapped address was written with the length of an IPv6 one.
    let isMapped = width == 32 && parts[0].contains(":")
    guard parts[1].utf8.allSatisfy({ (0x30...0x39).contains($0) }),
      let length = Int(parts[1]).map({ isMapped ? $0 - 96 : $0 }), (0...width).contains(length)
    else { return nil }
    self.length = length
    switch base {
    case .v4(let bits): if bits << UInt32(length) != 0 { return nil }
    case .v6(let bits): if bits << UInt128(length) != 0 { return nil }
    }
  }

  func contains(_ address: IPAddress) -> Bool {
    switch (base, address) {
    case (.v4(let one), .v4(let other)): (one ^ other) >> UInt32(32 - length) == 0
    case (.v6(let one), .v6(let other)): (one ^ other) >> UInt128(128 - length) == 0
    case (.v4, .v6), (.v6, .v4): false
    }
  }
}
