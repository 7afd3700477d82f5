import NIOCore

/// The text of one token so long that its `data:` line has a given size: pieces that bear their number and are filled
/// with numbers that count up, so that whatever is lost, repeated or swapped shows. Only one piece exists at a time.
struct LongLine: Sequence, IteratorProtocol, Sendable {
  /// The most bytes of a piece.
  static let pieceSize = 64 << 10
  /// How much of the line is not this text: the JSON around it, and padding up to here.
  static let frame = 2048

  /// Bytes of text still to come; before the first `next()`, all.
  private(set) var count: Int
  private var number = 0

  /// - Parameter size: bytes of the line, its end not counted; above ``frame``.
  init(size: Int) { count = size - Self.frame }

  /// The next piece, as it stands in the JSON as well as in the text.
  mutating func next() -> ByteBuffer? {
    guard count > 0 else { return nil }
    number += 1
    var piece = Self.filler
    piece.setString(" #" + Self.digits(number, 6), at: 0)
    let size = Swift.min(count, Self.pieceSize)
    count -= size
    return piece.getSlice(at: 0, length: size)
  }

  /// A piece in which every eight bytes are a blank and a number.
  private static let filler: ByteBuffer = {
    var filler = ByteBufferAllocator().buffer(capacity: pieceSize)
    for number in 0..<(pieceSize / 8) { filler.writeString(" " + digits(number, 7)) }
    return filler
  }()

  private static func digits(_ number: Int, _ width: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: Swift.max(0, width - digits.count)) + digits
  }
}
