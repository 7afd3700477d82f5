import Chat
import TestSupport
import Testing

@Suite struct CursorTests {
  @Test func theFirstCursorBeginsAtChunkNought() {
    #expect(Cursor.start.description == "1.0")
    #expect(Cursor("1.0") == .start)
  }

  @Test(arguments: [(1, 0), (1, 42), (2, 0), (37, 999_999_999), (999_999_999, 1)])
  func printsAndParsesBack(epoch: Int, offset: Int) {
    let cursor = Cursor(epoch: epoch, offset: offset)
    #expect(Cursor(cursor.description) == cursor)
    var written: [UInt8] = [7]
    cursor.write(to: &written)
    #expect(written == [7] + Array(cursor.description.utf8))
  }

  @Test(arguments: [
    "", ".", "1", "1.", ".1", "1.0.", ".1.0", "1.0.0", "1..0", "1,0", "0.0", "0.5", "000.1", "-1.0", "1.-1", "+1.0",
    "1.+1", " 1.0", "1.0 ", "1 .0", "1.0\n", "1.0\0", "a.b", "1.a", "a.1", "0x1.0", "1e1.0", "1_0.0", "1.1234567890",
    "1234567890.1", "99999999999999999999.1", "1.99999999999999999999", "１.0", "1.٣", "1．0", "null", "\u{301}1.0",
  ])
  func refusesAnythingElse(text: String) { #expect(Cursor(text) == nil) }

  @Test func refusesOrReadsRandomBytesWithoutHarm() {
    var random = SplitMix(seed: 6)
    let bytes = Array("0123456789.+-e \u{0}".utf8)
    for _ in 0..<20_000 {
      let count = Int.random(in: 0..<24, using: &random)
      let text = String(decoding: (0..<count).map { _ in bytes.randomElement(using: &random) ?? 0 }, as: UTF8.self)
      guard let cursor = Cursor(text) else { continue }
      #expect((1...999_999_999).contains(cursor.epoch))
      #expect((0...999_999_999).contains(cursor.offset))
    }
  }
}
