import TestSupport
import Testing
import Wire

@Suite struct EventStreamDecoderTests {
  struct Seen: Equatable {
    let headers: [EventStreamHeader]
    let payload: [UInt8]

    init(_ headers: [EventStreamHeader], _ payload: String) {
      self.headers = headers
      self.payload = Array(payload.utf8)
    }

    init(_ message: EventStreamMessage) {
      headers = message.headers
      payload = message.payload.withBytes { Array($0) }
    }
  }

  /// What the pieces say, and why they cannot be read any further.
  static func messages(
    _ pieces: [ArraySlice<UInt8>], limit: Int = EventStreamDecoder.defaultLimit
  ) -> (seen: [Seen], error: EventStreamError?) {
    var decoder = EventStreamDecoder(limit: limit)
    var seen: [Seen] = []
    for piece in pieces {
      // A copy that goes at once: a decoder that kept a pointer into it would read freed memory.
      let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: piece.count, alignment: 1)
      defer { copy.deallocate() }
      copy.copyBytes(from: piece)
      var input = UnsafeRawBufferPointer(copy)
      do throws(EventStreamError) {
        while let message = try decoder.next(in: &input) { seen.append(Seen(message)) }
      } catch {
        return (seen, error)
      }
      copy.initializeMemory(as: UInt8.self, repeating: 0x58)
    }
    return (seen, nil)
  }

  static func bytes(_ hex: String) -> [UInt8] {
    let digits = Array(hex.utf8).map { UInt8($0 < 0x40 ? $0 - 0x30 : $0 - 0x57) }
    return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
  }

  /// A header of every type, written and checked with Python's `struct` and `zlib.crc32` and read by botocore.
  static let everyType = bytes(
    "0000007d000000682709127d017400016601046279746502ff0573686f727403fffe03696e7404fffeee90046c6f6e6705000001000000"
      + "0000056279746573060003000102047465787407000361c39f0474696d65080000018bcfe5687b047575696409000102030405060708"
      + "090a0b0c0d0e0f68656c6c6f45566efd")
  static let empty = bytes("000000100000000005c248eb7d98c8ff")

  static let everyTypeSeen = Seen(
    [
      EventStreamHeader(name: "t", value: .bool(true)), EventStreamHeader(name: "f", value: .bool(false)),
      EventStreamHeader(name: "byte", value: .byte(-1)), EventStreamHeader(name: "short", value: .int16(-2)),
      EventStreamHeader(name: "int", value: .int32(-70_000)), EventStreamHeader(name: "long", value: .int64(1 << 40)),
      EventStreamHeader(name: "bytes", value: .bytes([0, 1, 2])), EventStreamHeader(name: "text", value: .string("aß")),
      EventStreamHeader(name: "time", value: .timestamp(1_700_000_000_123)),
      EventStreamHeader(name: "uuid", value: .uuid(Array(0..<16))),
    ], "hello")

  @Test func readsTheSameHoweverItIsCut() {
    let bytes = Self.everyType + Self.empty + Self.everyType
    let expected = [Self.everyTypeSeen, Seen([], ""), Self.everyTypeSeen]
    let single = Self.messages(bytes.indices.map { bytes[$0...$0] })
    #expect(single.seen == expected && single.error == nil)
    for cut in 0...bytes.count {
      let found = Self.messages([bytes[..<cut], bytes[cut...]])
      #expect(found.seen == expected && found.error == nil, "cut at \(cut)")
    }
  }

  @Test func whatIsUnfinishedIsNoMessage() {
    for end in Self.everyType.indices {
      let found = Self.messages([Self.everyType[..<end]])
      #expect(found.seen.isEmpty && found.error == nil, "cut at \(end)")
    }
  }

  @Test func everyBitIsUnderAChecksum() {
    for bit in 0..<Self.everyType.count * 8 {
      var bytes = Self.everyType
      bytes[bit / 8] ^= 1 << UInt8(bit % 8)
      let expected: EventStreamError = bit < 12 * 8 ? .preludeChecksum : .checksum
      for pieces in [[bytes[...]], bytes.indices.map { bytes[$0...$0] }] {
        let found = Self.messages(pieces)
        #expect(found.seen.isEmpty && found.error == expected, "bit \(bit)")
      }
    }
  }

  @Test func aMessageBeforeABrokenOneIsRead() {
    let found = Self.messages([(Self.everyType + [UInt8](repeating: 0, count: 12))[...]])
    #expect(found.seen == [Self.everyTypeSeen] && found.error == .preludeChecksum)
  }

  static let lengths: [(total: Int, headers: Int, error: EventStreamError?)] = [
    (0, 0, .length), (15, 0, .length), (16, 1, .length), (16, 0xFFFF_FFFF, .length), (0xFFFF_FFFF, 0, .length),
    (0xFFFF_FFFF, 0xFFFF_FFFF, .length), (16 << 20 + 1, 0, .length), (100, 85, .length), (100, 84, nil),
    (16 << 20, 0, nil),
  ]

  @Test(arguments: lengths)
  func aLengthThatCannotBeIsRefusedAtOnce(total: Int, headers: Int, error: EventStreamError?) {
    let lengths = EventStreamFrame.word(total) + EventStreamFrame.word(headers)
    let prelude = lengths + EventStreamFrame.word(Int(EventStreamFrame.checksum(lengths)))
    #expect(Self.messages([prelude[...]]).error == error)
    #expect(Self.messages(prelude.indices.map { prelude[$0...$0] }).error == error)
  }

  @Test func theLimitIsOfAWholeMessage() {
    let bytes = EventStreamFrame([("a", "b")], payload: Array("0123456789".utf8)).bytes
    #expect(Self.messages([bytes[...]], limit: bytes.count).seen.count == 1)
    #expect(Self.messages([bytes[...]], limit: bytes.count - 1).error == .length)
  }

  @Test(arguments: [
    [1], [1, 0x61], [5, 0x61], [1, 0x61, 10], [1, 0x61, 255], [1, 0x61, 2], [1, 0x61, 3, 0], [1, 0x61, 4, 0, 0, 0],
    [1, 0x61, 5, 0, 0, 0, 0, 0, 0, 0], [1, 0x61, 6], [1, 0x61, 6, 0], [1, 0x61, 6, 0, 1], [1, 0x61, 7, 0, 2, 0x62],
    [1, 0x61, 7, 255, 255], [1, 0x61, 8, 0], [1, 0x61, 9, 0], [0, 0, 1],
  ])
  func headersThatLeadPastTheirEndAreRefused(headers: [UInt8]) {
    let bytes = EventStreamFrame(rawHeaders: headers, payload: Array(repeating: 0, count: 40)).bytes
    let found = Self.messages([bytes[...]])
    #expect(found.seen.isEmpty && found.error == .headers)
  }

  @Test func aHeaderIsFoundByItsName() throws {
    let bytes = EventStreamFrame([("a", "1"), (":b", "zwei"), ("a", "3")], payload: []).bytes
    var decoder = EventStreamDecoder()
    try bytes.withUnsafeBytes { bytes in
      var input = bytes
      let message = try #require(try decoder.next(in: &input))
      #expect(message["a"]?.string == "1" && message[":b"]?.string == "zwei" && message["c"] == nil)
    }
  }

  @Test func aMessageWholeInItsInputIsNotCopied() throws {
    var decoder = EventStreamDecoder()
    try Self.everyType.withUnsafeBytes { bytes in
      var input = bytes
      guard case .borrowed(let payload)? = try decoder.next(in: &input)?.payload else {
        Issue.record("copied")
        return
      }
      #expect(payload.baseAddress == bytes.baseAddress.map { $0 + 116 })
    }
  }

  @Test func arbitraryBytesNeverTrap() {
    var dice = SplitMix(seed: 7)
    for round in 0..<3_000 {
      var headers = (0..<Int.random(in: 0...40, using: &dice)).map { _ in UInt8.random(in: 0...12, using: &dice) }
      if round % 3 == 0 { headers = Array(Self.everyType[12..<116]) }
      if !headers.isEmpty {
        headers[Int.random(in: 0..<headers.count, using: &dice)] = .random(in: 0...255, using: &dice)
      }
      // Half of them behind valid checksums, so that the headers are reached.
      var bytes = EventStreamFrame(rawHeaders: headers, payload: [1, 2, 3]).bytes
      if round % 2 == 0 { bytes[Int.random(in: 0..<bytes.count, using: &dice)] = .random(in: 0...255, using: &dice) }
      let cut = Int.random(in: 0...bytes.count, using: &dice)
      let (whole, pieces) = (Self.messages([bytes[...]]), Self.messages([bytes[..<cut], bytes[cut...]]))
      #expect(whole.seen == pieces.seen && whole.error == pieces.error)
    }
  }
}
