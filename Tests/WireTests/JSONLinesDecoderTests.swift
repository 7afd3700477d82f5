import Testing
import Wire

@Suite struct JSONLinesDecoderTests {
  static func lines(
    _ pieces: some Sequence<ArraySlice<UInt8>>, from decoder: inout JSONLinesDecoder
  ) throws(LineError) -> [String] {
    func text(_ line: StreamBytes) -> String { line.withBytes { String(decoding: $0, as: UTF8.self) } }
    var seen: [String] = []
    for piece in pieces {
      // A copy that goes at once: a decoder that kept a pointer into it would read freed memory.
      let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: piece.count, alignment: 1)
      defer { copy.deallocate() }
      copy.copyBytes(from: piece)
      var input = UnsafeRawBufferPointer(copy)
      while let line = try decoder.next(in: &input) { seen.append(text(line)) }
      copy.initializeMemory(as: UInt8.self, repeating: 0x58)
    }
    if let line = decoder.finish() { seen.append(text(line)) }
    return seen
  }

  static let streams: [(text: String, lines: [String])] = [
    ("{\"a\":1}\n{\"b\":2}\n", ["{\"a\":1}", "{\"b\":2}"]),
    ("{\"a\":1}\n{\"b\":2}", ["{\"a\":1}", "{\"b\":2}"]),
    ("\n\n{}\n\n \t\n[]\n\n", ["{}", "[]"]),
    (" {} \n: no comment\n", [" {} ", ": no comment"]),
    ("ö\"\\n\"\n", ["ö\"\\n\""]),
    ("   ", []), ("\n", []), ("", []),
  ]

  @Test(arguments: streams.indices, ["\n", "\r", "\r\n"])
  func readsTheSameHoweverItIsCut(_ index: Int, lineEnd: String) throws {
    let (text, expected) = Self.streams[index]
    let bytes = Array(text.split(separator: "\n", omittingEmptySubsequences: false).joined(separator: lineEnd).utf8)
    var single = JSONLinesDecoder()
    #expect(try Self.lines(bytes.indices.map { bytes[$0...$0] }, from: &single) == expected)
    for cut in 0...bytes.count {
      var decoder = JSONLinesDecoder()
      #expect(try Self.lines([bytes[..<cut], bytes[cut...]], from: &decoder) == expected, "cut at \(cut)")
    }
  }

  @Test func aLineWholeInItsInputIsNotCopied() throws {
    let bytes = Array("\n{}\n".utf8)
    var decoder = JSONLinesDecoder()
    try bytes.withUnsafeBytes { bytes in
      var input = bytes
      guard case .borrowed(let line)? = try decoder.next(in: &input) else {
        Issue.record("copied")
        return
      }
      #expect(line.baseAddress == bytes.baseAddress.map { $0 + 1 })
    }
  }

  @Test(arguments: [1, 3, 1000])
  func aLineLongerThanTheLimitIsRefused(piece: Int) {
    func outcome(_ text: String) -> [String]? {
      var decoder = JSONLinesDecoder(limit: 8)
      let bytes = Array(text.utf8)
      let pieces = stride(from: 0, to: bytes.count, by: piece).map { bytes[$0..<min(bytes.count, $0 + piece)] }
      return try? Self.lines(pieces, from: &decoder)
    }
    #expect(outcome("01234567\r\n") == ["01234567"])
    #expect(outcome("0\n01234567") == ["0", "01234567"])
    #expect(outcome("012345678\n") == nil)
    #expect(outcome("012345678") == nil)
  }

  @Test func whiteSpaceIsNoData() throws {
    var decoder = JSONLinesDecoder()
    func sawData(_ text: String) throws -> Bool {
      decoder.sawData = false
      try Array(text.utf8).withUnsafeBytes { bytes in
        var input = bytes
        while try decoder.next(in: &input) != nil {}
      }
      return decoder.sawData
    }
    #expect(try !sawData("\r\n \n"))
    #expect(try sawData("{"))
    #expect(try sawData("}"))
    #expect(try !sawData("\n"))
    #expect(try sawData("{}\n\n"))
  }
}
