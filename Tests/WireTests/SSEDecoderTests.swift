import Testing
import Wire

@Suite struct SSEDecoderTests {
  struct Seen: Equatable {
    let name: String
    let data: String

    init(_ data: String, name: String = "") {
      self.name = name
      self.data = data
    }

    init(_ event: SSEEvent) {
      name = event.name.withBytes { String(decoding: $0, as: UTF8.self) }
      data = event.data.withBytes { String(decoding: $0, as: UTF8.self) }
    }
  }

  static func events(
    _ pieces: some Sequence<ArraySlice<UInt8>>, from decoder: inout SSEDecoder
  ) throws(LineError) -> [Seen] {
    var seen: [Seen] = []
    for piece in pieces {
      // A copy that goes at once: a decoder that kept a pointer into it would read freed memory.
      let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: piece.count, alignment: 1)
      defer { copy.deallocate() }
      copy.copyBytes(from: piece)
      var input = UnsafeRawBufferPointer(copy)
      while let event = try decoder.next(in: &input) { seen.append(Seen(event)) }
      copy.initializeMemory(as: UInt8.self, repeating: 0x58)
    }
    if let event = try decoder.finish() { seen.append(Seen(event)) }
    return seen
  }

  static func events(_ text: String) throws -> [Seen] {
    var decoder = SSEDecoder()
    return try events([Array(text.utf8)[...]], from: &decoder)
  }

  /// The examples of the specification, and what servers do beyond it.
  static let streams: [(text: String, events: [Seen])] = [
    ("data: YHOO\ndata: +2\ndata: 10\n\n", [Seen("YHOO\n+2\n10")]),
    (
      ": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n",
      [Seen("first event"), Seen("second event"), Seen(" third event")]
    ),
    ("data\n\ndata\ndata\n\ndata:\n\n", [Seen(""), Seen("\n"), Seen("")]),
    ("data:test\n\ndata: test\n\n", [Seen("test"), Seen("test")]),
    ("\u{FEFF}data: a\n\n\u{FEFF}data: b\n\n", [Seen("a")]),
    ("event: add\ndata: 1\n\nevent: lost\n\ndata: 2\n\n", [Seen("1", name: "add"), Seen("2")]),
    ("data: 1\nevent: late\n\n", [Seen("1", name: "late")]),
    ("\n\n\n:\n::\n: x\n\n", []),
    ("Data: a\ndatax: b\n data: c\nnothing\n\n", []),
    ("data: a:b\n\n", [Seen("a:b")]),
    ("data: ends with the stream", [Seen("ends with the stream")]),
    ("data: a\n\ndata: b\n", [Seen("a"), Seen("b")]),
    ("event: only a name\n", []),
    ("", []),
  ]

  @Test(arguments: streams.indices, ["\n", "\r", "\r\n"])
  func readsTheSameHoweverItIsCut(_ index: Int, lineEnd: String) throws {
    let (text, expected) = Self.streams[index]
    let bytes = Array(text.split(separator: "\n", omittingEmptySubsequences: false).joined(separator: lineEnd).utf8)
    var whole = SSEDecoder()
    #expect(try Self.events([bytes[...]], from: &whole) == expected)
    var single = SSEDecoder()
    #expect(try Self.events(bytes.indices.map { bytes[$0...$0] }, from: &single) == expected)
    for cut in 0...bytes.count {
      var decoder = SSEDecoder()
      #expect(try Self.events([bytes[..<cut], bytes[cut...]], from: &decoder) == expected, "cut at \(cut)")
    }
  }

  @Test func aLineFeedBeforeACarriageReturnIsAnEndOfItsOwn() throws {
    #expect(try Self.events("data: a\r\ndata: b\r\n\r\n") == [Seen("a\nb")])
    #expect(try Self.events("data: a\n\rdata: b\n\r") == [Seen("a"), Seen("b")])
  }

  @Test func anEventIsReadyAtTheReturnOfACutLineEnd() throws {
    var decoder = SSEDecoder()
    let bytes = Array("data: a\r\n\r".utf8)
    let isReady = try bytes.withUnsafeBytes { bytes throws(LineError) in
      var input = bytes
      return try decoder.next(in: &input) != nil
    }
    #expect(isReady)
  }

  @Test func anEventWholeInItsInputIsNotCopied() throws {
    let bytes = Array("event: e\ndata: abc\n\n".utf8)
    var decoder = SSEDecoder()
    try bytes.withUnsafeBytes { bytes in
      var input = bytes
      guard case .borrowed(let data)? = try decoder.next(in: &input)?.data else {
        Issue.record("copied")
        return
      }
      #expect(data.baseAddress == bytes.baseAddress.map { $0 + 15 })
    }
  }

  @Test func idAndRetryStay() throws {
    var decoder = SSEDecoder()
    let text = "id: 7\nretry: 1500\ndata: a\n\nid: no\0\nretry: 1x\nretry:\nretry: 99999999999\n\n"
    _ = try Self.events([Array(text.utf8)[...]], from: &decoder)
    #expect(decoder.lastEventID == "7")
    #expect(decoder.retryMilliseconds == 1500)
    _ = try Self.events([Array("id\n\n".utf8)[...]], from: &decoder)
    #expect(decoder.lastEventID == "")
  }

  @Test(arguments: [1, 3, 1000])
  func whatIsLongerThanTheLimitIsRefused(piece: Int) {
    func outcome(_ text: String) -> [Seen]? {
      var decoder = SSEDecoder(limit: 16)
      let bytes = Array(text.utf8)
      let pieces = stride(from: 0, to: bytes.count, by: piece).map { bytes[$0..<min(bytes.count, $0 + piece)] }
      return try? Self.events(pieces, from: &decoder)
    }
    #expect(outcome("data: 0123456789\n\n") == [Seen("0123456789")])
    #expect(outcome("data: 01234567890\n\n") == nil)
    #expect(outcome("data: 01234567890") == nil)
    #expect(outcome(": 012345678901234") == nil)
    #expect(outcome("data: 0123456\ndata: 01234567\n\n") == [Seen("0123456\n01234567")])
    #expect(outcome("data: 0123456\ndata: 012345678\n\n") == nil)
  }

  @Test func commentsAreNotData() throws {
    var decoder = SSEDecoder()
    func sawData(_ text: String) throws -> Bool {
      decoder.sawData = false
      try Array(text.utf8).withUnsafeBytes { bytes in
        var input = bytes
        while try decoder.next(in: &input) != nil {}
      }
      return decoder.sawData
    }
    #expect(try !sawData(": keep"))
    #expect(try !sawData("-alive data: x"))
    #expect(try !sawData("\r\n\r\n"))
    #expect(try sawData("d"))
    #expect(try sawData("ata: x"))
    #expect(try !sawData("\n\n"))
  }

  @Test(arguments: [
    ("data: a\n\n{\n  \"e\": 1\n}\n", "{\n  \"e\": 1\n}\n"), ("[1,\n2]", "[1,\n2]\n"),
    ("\u{FEFF}{}\n", "{}\n"), ("data: a\n\nnot: this\n }\n: {\n{\n: comment\n\ndata: b\n\n}", "{\n}\n"),
    ("data: {}\n\n", ""),
  ])
  func bareJSONIsGatheredForWhoWantsIt(_ text: String, tail: String) throws {
    let bytes = Array(text.utf8)
    for cut in 0...bytes.count {
      var decoder = SSEDecoder(gathersTail: true)
      let seen = try Self.events([bytes[..<cut], bytes[cut...]], from: &decoder)
      #expect(String(decoding: decoder.tail, as: UTF8.self) == tail, "cut at \(cut)")
      var plain = SSEDecoder()
      #expect(try Self.events([bytes[...]], from: &plain) == seen)
      #expect(plain.tail.isEmpty)
    }
  }

  @Test func bareJSONIsBounded() {
    var decoder = SSEDecoder(limit: 8, gathersTail: true)
    #expect(throws: LineError.tooLong) {
      _ = try Self.events([Array("{\n1234\n56\n".utf8)[...]], from: &decoder)
    }
  }

  @Test func manyLinesOfOneEventTakeLinearTime() throws {
    let text = String(repeating: "data: x\n", count: 100_000) + "\n"
    let seen = try Self.events(text)
    #expect(seen.count == 1)
    #expect(seen.first?.data.utf8.count == 199_999)
  }
}
