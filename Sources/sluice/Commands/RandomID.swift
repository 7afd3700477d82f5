import Chat

extension ID {
  /// A version 4 id, as PostgreSQL's default for rows that operators make: its first digits tell it from all others.
  static func random() -> ID {
    var random = SystemRandomNumberGenerator()
    let (high, low): (UInt64, UInt64) = (random.next(), random.next())
    return ID(
      high: high & 0xFFFF_FFFF_FFFF_0FFF | 0x4000, low: low & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000)
  }
}
