import Testing
import Wire

@Suite struct Base64URLTests {
  /// RFC 4648, section 10, without padding.
  @Test(arguments: [
    ("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg"), ("fooba", "Zm9vYmE"),
    ("foobar", "Zm9vYmFy"),
  ])
  func theVectorsOfTheRFC(_ vector: (plain: String, encoded: String)) {
    #expect(Base64URL.encode(Array(vector.plain.utf8)) == vector.encoded)
    #expect(Base64URL.decode(vector.encoded) == Array(vector.plain.utf8))
  }

  @Test func everyByteComesBack() {
    for length in 0..<260 {
      let bytes = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ length) }
      let text = Base64URL.encode(bytes)
      #expect(text.utf8.allSatisfy { $0 != 0x2B && $0 != 0x2F && $0 != 0x3D })
      #expect(Base64URL.decode(text) == bytes)
    }
  }

  @Test(arguments: ["A", "AAAAA", "Zg==", "Zm+v", "Zm/v", "Zm 9", "Zh", "Zm9", "Ümlaut"])
  func whatNoEncoderMakesIsRefused(_ text: String) {
    #expect(Base64URL.decode(text) == nil)
  }
}
