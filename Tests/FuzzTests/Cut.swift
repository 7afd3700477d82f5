import TestSupport

/// How an input comes: the network splits anywhere.
enum Cut: CaseIterable {
  /// In one piece.
  case nowhere
  /// In pieces of lengths that depend on the input alone, so that what was found can be repeated.
  case somewhere
  /// Byte by byte; only short inputs, the others as `somewhere`.
  case everywhere

  private static let shortest = 512

  func pieces(of input: [UInt8]) -> [ArraySlice<UInt8>] {
    switch self {
    case .nowhere: return input.isEmpty ? [] : [input[...]]
    case .everywhere where input.count <= Self.shortest: return input.indices.map { input[$0...$0] }
    case .somewhere, .everywhere:
      var random = SplitMix(seed: Self.hash(of: input))
      // Now and then all pieces are short, now and then one is nearly all.
      let longest = 1 << Int.random(in: 0...12, using: &random)
      var pieces: [ArraySlice<UInt8>] = []
      var rest = input[...]
      while !rest.isEmpty {
        let piece = rest.prefix(Int.random(in: 1...longest, using: &random))
        pieces.append(piece)
        rest = rest.dropFirst(piece.count)
      }
      return pieces
    }
  }

  /// FNV-1a: Swift's own hash differs from run to run.
  static func hash(of bytes: [UInt8]) -> UInt64 {
    bytes.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
  }
}

/// Gives `body` the bytes in memory that ends where they end and goes afterwards: reading past them or keeping a pointer
/// to them is what AddressSanitizer sees, and without it they read as something else.
func withExactCopy<Bytes: Collection<UInt8>, Result: ~Copyable, Failure: Error>(
  of bytes: Bytes, _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
) throws(Failure) -> Result {
  let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
  defer {
    copy.initializeMemory(as: UInt8.self, repeating: 0x58)
    copy.deallocate()
  }
  copy.copyBytes(from: bytes)
  return try body(UnsafeRawBufferPointer(copy))
}
