import NIOCore

/// How the head of an answer comes, when it does not come at once.
struct HeadPace: Equatable, Sendable {
  /// Milliseconds over which it comes byte by byte.
  var dribble = 0
  /// Milliseconds between the status line and the rest.
  var gap = 0
  /// Whether only the status line and half of the rest come.
  var isHalf = false

  /// From the first byte to the last.
  var duration: TimeAmount { .milliseconds(Int64(dribble + gap)) }

  /// When the byte with this number (from 0) may go.
  /// - Parameters:
  ///   - count: the length of the head.
  ///   - statusLine: that of its first line, with its end.
  func due(_ byte: Int, of count: Int, statusLine: Int) -> TimeAmount {
    let dribbled = TimeAmount.microseconds(Int64(dribble) * 1000 * Int64(byte) / Int64(max(1, count - 1)))
    return byte < statusLine ? dribbled : dribbled + .milliseconds(Int64(gap))
  }
}
