/// Takes the framing off a body that comes in chunks (RFC 9112, section 7.1), cut anywhere.
struct ChunkedBody {
  private enum Place {
    /// In the line that says the chunk's size, or behind the digits in it.
    case size, rest
    /// So many bytes of the chunk are to come.
    case data(Int)
    /// In the line end behind it.
    case gap
    /// All was said.
    case end
    case broken
  }

  private var place = Place.size
  private var size = 0

  /// Whether the last chunk has come. Trailers are not looked at.
  var isWhole: Bool { if case .end = place { true } else { false } }
  var isBroken: Bool { if case .broken = place { true } else { false } }

  /// Hands on what of the bytes is content.
  mutating func take(_ bytes: UnsafeRawBufferPointer, _ content: (UnsafeRawBufferPointer) -> Void) {
    var index = 0
    while index < bytes.count {
      switch place {
      case .size, .rest:
        read(bytes[index])
        index += 1
      case .data(let left):
        let end = min(index + left, bytes.count)
        content(UnsafeRawBufferPointer(rebasing: bytes[index..<end]))
        place = left == end - index ? .gap : .data(left - (end - index))
        index = end
      case .gap:
        if bytes[index] == 0x0A { (place, size) = (.size, 0) }
        index += 1
      case .end, .broken: return
      }
    }
  }

  /// A byte of the size's line.
  private mutating func read(_ byte: UInt8) {
    switch (place, byte) {
    case (_, 0x0A): place = size == 0 ? .end : .data(size)
    case (.size, 0x30...0x39): size = size << 4 | Int(byte - 0x30)
    case (.size, 0x41...0x46), (.size, 0x61...0x66): size = size << 4 | Int(byte & 0x0F + 9)
    default: place = .rest
    }
    if size > 1 << 32 { place = .broken }
  }
}
