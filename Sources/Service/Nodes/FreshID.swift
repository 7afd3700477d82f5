import Chat
import EventLoop

extension ID {
  /// A new version 7 id of this moment. `tag` only for turns; `later` milliseconds ahead, to sort after another.
  static func fresh(tag: UInt16? = nil, later: UInt64 = 0) -> ID {
    var random = SystemRandomNumberGenerator()
    let tail: UInt64 = random.next()
    return ID(
      unixMilliseconds: Instant.wall().nanoseconds / 1_000_000 + later,
      tag: tag ?? UInt16(truncatingIfNeeded: random.next() as UInt64), random: tail)
  }
}
