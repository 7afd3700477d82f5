/// Finds the end of one SCGI request in what has arrived so far (https://python.ca/scgi/protocol.txt): a netstring of
/// variables, CONTENT_LENGTH first, then as many bytes of body.
///
/// Pure. It remembers where it was, so a request that comes in many pieces is looked at once.
struct NetstringScan {
  private enum Phase {
    case length  // → variables
    case variables  // → body
    case body
  }

  private static let first: StaticString = "CONTENT_LENGTH\0"
  /// More digits than that are no length of anything; fewer fit into an Int.
  private static let maxDigits = 18

  /// Where the variables stand, without the netstring's length and comma. Meaningful from `.bodyTooLarge` and
  /// `.complete` on.
  private(set) var variables = 0..<0
  private(set) var bodyLength = 0
  private var phase = Phase.length

  /// Where the body begins.
  var body: Int { variables.upperBound + 1 }

  /// `bytes`: everything since the request's first byte, at least as much as at the last call.
  mutating func advance(over bytes: borrowing Span<UInt8>, within limits: Limits) -> Framing.Verdict {
    if phase == .length {
      switch Self.number(in: bytes, from: 0, before: UInt8(ascii: ":")) {
      case .incomplete: return .incomplete
      case .absent: return .malformed
      case .number(let length, let end):
        // A netstring's length has no leading zero, and variables there are.
        guard bytes[0] != UInt8(ascii: "0") else { return .malformed }
        if length > limits.maxParams { return .paramsTooLarge }
        variables = (end + 1)..<(end + 1 + length)
        phase = .variables
      }
    }
    if phase == .variables {
      guard bytes.count >= body else { return .incomplete }
      guard bytes[body - 1] == UInt8(ascii: ","), let length = contentLength(in: bytes) else { return .malformed }
      if length > limits.maxBody { return .bodyTooLarge }
      bodyLength = length
      phase = .body
    }
    return bytes.count - body >= bodyLength ? .complete(body + bodyLength) : .incomplete
  }

  /// The first variable's value; nil if that is no CONTENT_LENGTH.
  private func contentLength(in bytes: borrowing Span<UInt8>) -> Int? {
    let variables = bytes.extracting(self.variables)
    guard variables.begins(with: Self.first),
      case .number(let length, _) = Self.number(in: variables, from: Self.first.utf8CodeUnitCount, before: 0)
    else { return nil }
    return length
  }

  private enum Reading {
    case incomplete
    case absent
    /// And where the byte after it stands.
    case number(Int, end: Int)
  }

  /// The digits from `start` on, which `terminator` ends.
  private static func number(in bytes: borrowing Span<UInt8>, from start: Int, before terminator: UInt8) -> Reading {
    var value = 0
    var index = start
    while index < bytes.count {
      let byte = bytes[index]
      if byte == terminator { return index > start ? .number(value, end: index) : .absent }
      guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte), index - start < maxDigits else { return .absent }
      value = value * 10 + Int(byte - UInt8(ascii: "0"))
      index += 1
    }
    return .incomplete
  }
}
