import Testing

@testable import Upstream

@Suite("Undoing a content coding")
struct ContentDecoderTests {
  private let text = (0..<500).map { "data: word \($0) of some text\n\n" }.joined()

  /// What `pieces` make; nil if they are broken.
  private func decode(_ coding: String, _ pieces: [ArraySlice<UInt8>]) throws -> (text: String, isWhole: Bool)? {
    let decoder = try #require(ContentDecoder(coding))
    var made: [UInt8] = []
    for piece in pieces {
      let step = piece.withUnsafeBytes { bytes in
        decoder.feed(bytes) {
          made += $0
          return true
        }
      }
      if step == .broken { return nil }
      #expect(step == .all)
    }
    return (String(decoding: made, as: UTF8.self), decoder.isWhole)
  }

  @Test(arguments: [
    ("gzip", Compressor.Format.gzip), ("X-GZip", .gzip), ("deflate", .zlib), ("deflate", .bare),
  ])
  func cutAnywhere(coding: String, format: Compressor.Format) throws {
    let bytes = Compressor.whole(text, format)
    let whole = try #require(try decode(coding, [bytes[...]]))
    #expect(whole.text == text)
    #expect(whole.isWhole)
    let single = try #require(try decode(coding, bytes.indices.map { bytes[$0...$0] }))
    #expect(single.text == text)
    for place in bytes.indices {
      let cut = try #require(try decode(coding, [bytes[..<place], bytes[place...]].filter { !$0.isEmpty }))
      #expect(cut.text == text && cut.isWhole)
    }
  }

  @Test func aCutOffEndIsNotWhole() throws {
    let bytes = Compressor.whole(text)
    for place in [1, bytes.count / 2, bytes.count - 1] {
      let cut = try #require(try decode("gzip", [bytes[..<place]]))
      #expect(!cut.isWhole)
      #expect(text.hasPrefix(cut.text))
    }
    let nothing = try #require(try decode("gzip", []))
    #expect(nothing.isWhole)
  }

  @Test func membersOfGzipFollowEachOther() throws {
    let bytes = Compressor.whole("one, ") + Compressor.whole("two, ") + Compressor.whole("three")
    for size in [1, 7, bytes.count] {
      let pieces = stride(from: 0, to: bytes.count, by: size).map { bytes[$0..<min($0 + size, bytes.count)] }
      let made = try #require(try decode("gzip", pieces))
      #expect(made.text == "one, two, three")
      #expect(made.isWhole)
    }
  }

  @Test func whatIsBroken() throws {
    var flipped = Compressor.whole(text)
    flipped[flipped.count - 6] ^= 1  // its checksum
    for bytes in [flipped, Array("data: plain\n\n".utf8), Compressor.whole("a") + Array("tail".utf8)] {
      let made = try decode("gzip", [bytes[...]])
      #expect(made == nil)
    }
    let made = try decode("deflate", [Compressor.whole("a", .zlib)[...], [0]])
    #expect(made == nil)
  }

  @Test(arguments: ["br", "zstd", "gzip, gzip", "compress", ""])
  func whatIsNotKnown(coding: String) {
    #expect(ContentDecoder(coding) == nil)
  }

  /// A receiver that stops anywhere gets each byte once, whether the input comes again as it was, longer or in parts.
  @Test(arguments: [1, 2, 3, 7])
  func aReceiverThatStopsGoesOnWhereItStopped(every: Int) throws {
    let plain = (0..<400_000).map { UInt8(truncatingIfNeeded: $0 >> 9) }
    let bytes = Compressor().compress(plain, end: true)
    let decoder = try #require(ContentDecoder("gzip"))
    var made: [UInt8] = []
    var pieces = 0
    var begin = 0
    var end = min(16_384, bytes.count)
    while begin < bytes.count {
      let step = bytes[begin..<end].withUnsafeBytes { input in
        decoder.feed(input) { piece in
          #expect(piece.count <= 16_384)
          made += piece
          pieces += 1
          return pieces % every != 0
        }
      }
      switch step {
      case .all: (begin, end) = (end, min(end + 16_384, bytes.count))
      case .held: end = min(end + 100, bytes.count)
      case .broken:
        Issue.record("broken")
        return
      }
    }
    #expect(made == plain)
    #expect(decoder.isWhole)
  }
}
