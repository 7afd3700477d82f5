/// Texts that are readings of the simulator's clock in nanoseconds, the same as ours, with a blank behind each.
enum ClockText {
  /// Hands on each reading. False where the text is something else.
  @discardableResult
  static func read(_ text: Slice<UnsafeRawBufferPointer>, _ reading: (UInt64) -> Void) -> Bool {
    var sent: UInt64 = 0
    for byte in text {
      if byte == 0x20 {
        reading(sent)
        sent = 0
      } else {
        guard (0x30...0x39).contains(byte) else { return false }
        sent = sent &* 10 &+ UInt64(byte - 0x30)
      }
    }
    return true
  }
}
