/// Repeatable random numbers (SplitMix64, Steele, Lea and Flood 2014): the same seed gives the same answer text for ever,
/// on every machine, which the standard library's generators do not promise.
struct Dice: RandomNumberGenerator, Sendable {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }

  /// A number in `0..<bound`, by remainder: unlike `Int.random`, fixed for ever.
  mutating func roll(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }
}
