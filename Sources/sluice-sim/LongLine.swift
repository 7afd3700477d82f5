import NIOCore

/// The text of one token whose `data:` line has a given, large size: pieces that bear their number and are filled with
/// numbers that count up, so that whatever is lost, repeated or swapped shows. Only one piece exists at a time.
struct LongLine: Sequence, IteratorProtocol, Sendable {
  /// What makes the line long.
  enum Fill: String, CaseIterable, Sendable {
    /// The text itself.
    case text
    /// The field that OpenAI and AWS pad their events with, elsewhere blanks; the text is ``frame`` bytes.
    case padding
  }

  /// The most bytes of a piece.
  static let pieceSize = 64 << 10
  /// Room for the JSON around the text; what it does not need is padding.
  static let frame = 2048

  /// Bytes of text still to come; before the first `next()`, all.
  private(set) var count: Int
  private var number = 0

  /// - Parameter size: bytes of the line, its end not counted; at least twice the ``frame``.
  init(size: Int, fill: Fill) { count = fill == .text ? size - Self.frame : Self.frame }

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

  /// Padding, as much of `count` bytes as one piece may have.
  static func padding(_ count: Int, of filler: UInt8) -> ByteBuffer {
    let filling = filler == UInt8(ascii: " ") ? blanks : letters
    return filling.getSlice(at: 0, length: Swift.min(count, pieceSize)) ?? filling
  }

  private static let letters = ByteBuffer(repeating: UInt8(ascii: "x"), count: pieceSize)
  private static let blanks = ByteBuffer(repeating: UInt8(ascii: " "), count: pieceSize)

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
