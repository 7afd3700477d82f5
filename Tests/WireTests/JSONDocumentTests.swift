import TestSupport
import Testing
import Wire

@Suite struct JSONDocumentTests {
  @Test func readsEveryKind() throws {
    let document = try JSONDocument(
      parsing: #" {"s":"a\nö\u00e9","i":-7,"big":18446744073709551615,"d":0.5,"w":3.0,"t":true,"f":false,"n":null,"#
        + #""a":[1,[2],{"x":3}],"o":{},"s":"second"} "#)
    let root = document.root
    #expect(root.kind == .object)
    #expect(root.count == 11)
    #expect(root["s"]?.string == "a\nöé")
    #expect(root["i"]?.int == -7)
    #expect(root["i"]?.double == -7)
    #expect(root["big"]?.int == nil)
    #expect(root["big"]?.double == 0x1p64)
    #expect(root["d"]?.int == nil)
    #expect(root["d"]?.double == 0.5)
    #expect(root["w"]?.int == 3)
    #expect(root["t"]?.bool == true)
    #expect(root["f"]?.bool == false)
    #expect(root["n"]?.isNull == true)
    #expect(root["n"]?.bool == nil)
    #expect(root["missing"] == nil)
    #expect(root["a"]?.count == 3)
    #expect(root["a"]?.elements.map(\.kind) == [.number, .array, .object])
    #expect(root["a"]?.elements.compactMap { $0["x"]?.int } == [3])
    #expect(root["a"]?["x"] == nil)
    #expect(root.members.compactMap(\.name.string) == ["s", "i", "big", "d", "w", "t", "f", "n", "a", "o", "s"])
    #expect(root.elements.map(\.kind).isEmpty)
    #expect(root["o"]?.members.map(\.value.kind).isEmpty == true)
  }

  @Test(arguments: ["1", #""x""#, "null", "[]", "true"])
  func aScalarHasNoChildrenAndNoMembers(_ text: String) throws {
    let document = try JSONDocument(parsing: text)
    let root = document.root
    #expect(root["x"] == nil)
    #expect(root.count == 0)
    #expect(root.elements.map(\.kind).isEmpty)
    #expect(root.members.map(\.value.kind).isEmpty)
  }

  @Test(arguments: [
    ("", JSONError.malformed), (" ", .malformed), ("{", .malformed), ("[1,]", .malformed), ("[1] x", .malformed),
    ("{\"a\"}", .malformed), ("nul", .malformed), ("[\"\\x\"]", .malformed), ("[\"\\u00zz\"]", .malformed),
    ("[\"a\nb\"]", .malformed), ("['a']", .malformed), ("[01]", .number), ("[1e999]", .number), ("[NaN]", .malformed),
    ("[123456789012345678901234]", .number), ("\u{FEFF}[]", .malformed), ("[1]\0", .malformed),
  ])
  func refuses(_ text: String, error: JSONError) {
    #expect(throws: error) { _ = try JSONDocument(parsing: text) }
  }

  @Test func refusesInvalidUTF8() {
    for bytes: [UInt8] in [[0xFF], [0xC3], [0xED, 0xA0, 0x80], [0xC0, 0x80], [0xF5, 0x80, 0x80, 0x80]] {
      #expect(throws: JSONError.invalidUTF8) { _ = try JSONDocument(parsing: [0x22] + bytes + [0x22]) }
    }
  }

  @Test func boundsDepthAndLength() throws {
    func nested(_ depth: Int) -> String {
      String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
    }
    let deep = try JSONDocument(parsing: nested(255))
    #expect(deep.root.minified.map { String(decoding: $0, as: UTF8.self) } == nested(255))
    #expect(throws: JSONError.tooDeep) { _ = try JSONDocument(parsing: nested(300)) }
    #expect(throws: JSONError.tooDeep) { _ = try JSONDocument(parsing: nested(1_000_000)) }
    #expect(throws: JSONError.tooLarge) { _ = try JSONDocument(parsing: "[1234]", limit: 5) }
  }

  @Test func unpairedSurrogatesBecomeReplacementCharacters() throws {
    for (text, expected) in [
      (#""\ud83d""#, "\u{FFFD}"), (#""\ude00""#, "\u{FFFD}"), (#""a\ud83dx""#, "a\u{FFFD}x"),
      (#""\ud83d\u0041""#, "\u{FFFD}A"), (#""\uD83D\uD83D\uDE00""#, "\u{FFFD}😀"), (#""\ud83d\n""#, "\u{FFFD}\n"),
      (#""\ude00\ud83d""#, "\u{FFFD}\u{FFFD}"), (#""\\ud83d \udfff""#, "\\ud83d \u{FFFD}"), (#""\ud83d\ude00""#, "😀"),
    ] {
      let document = try JSONDocument(parsing: text)
      #expect(document.root.string == expected)
    }
    #expect(throws: JSONError.malformed) { _ = try JSONDocument(parsing: #""\ud83d \q""#) }
    #expect(throws: JSONError.malformed) { _ = try JSONDocument(parsing: #""\ud83"#) }
  }

  @Test func everyPairOfEscapesGivesValidUTF8() throws {
    let interesting: [UInt16] = [0, 0x41, 0xD7FF, 0xD800, 0xDBFF, 0xDC00, 0xDFFF, 0xE000, 0xFFFF]
    for first in interesting {
      for second in interesting {
        let units = [first, second]
        // 0x10000 | unit has five digits: the last four are the unit's own.
        let text = units.map { "\\u" + String(0x10000 | UInt32($0), radix: 16).dropFirst() }.joined()
        let document = try JSONDocument(parsing: "\"\(text)\"")
        #expect(document.root.string == String(decoding: units, as: UTF16.self))
        #expect(document.root.withString { String(validating: $0, as: UTF8.self) != nil } == true)
      }
    }
  }

  @Test func minifiedKeepsOrderEscapesAndNumbers() throws {
    let document = try JSONDocument(parsing: #"{ "b" : [ 1, -2.5, 1e2, "q\"\\\u0001/é" ], "a":{"k":null,"k":true} }"#)
    #expect(
      document.root.minified.map { String(decoding: $0, as: UTF8.self) }
        == #"{"b":[1,-2.5,100.0,"q\"\\\u0001/é"],"a":{"k":null,"k":true}}"#)
    #expect(document.root["a"]?.minified == Array(#"{"k":null,"k":true}"#.utf8))
  }

  @Test func documentsOpenAtTheSameTimeDoNotDisturbEachOther() throws {
    let outer = try JSONDocument(parsing: #"{"a":"outer"}"#)
    do {
      let inner = try JSONDocument(parsing: #"{"a":"inner"}"#)
      #expect(inner.root["a"]?.string == "inner")
    }
    let again = try JSONDocument(parsing: #"{"a":"again"}"#)
    #expect(outer.root["a"]?.string == "outer")
    #expect(again.root["a"]?.string == "again")
  }

  @Test func parsesGrowingAndLargeTexts() throws {
    for count in [1, 4_000, 4_096, 5_000, 70_000, 16 << 20 - 2] {
      let text = [UInt8](repeating: 0x61, count: count)
      let document = try JSONDocument(parsing: [0x22] + text + [0x22])
      #expect(document.root.withString { $0.elementsEqual(text) } == true)
    }
  }

  @Test func arbitraryBytesNeverTrap() {
    var dice = SplitMix(seed: 7)
    let alphabet = Array(#"{}[],:"\u0dDeE1-.+ntf"#.utf8) + [0xE9, 0xC3, 0xFF, 0x00, 0x0A]
    for _ in 0..<20_000 {
      let bytes = (0..<Int.random(in: 0...40, using: &dice)).map { _ in alphabet.randomElement(using: &dice) ?? 0 }
      guard let document = try? JSONDocument(parsing: bytes) else { continue }
      _ = document.root.minified
      for (name, value) in document.root.members { _ = (name.string, value.int, value.double, value.bool) }
      for element in document.root.elements { _ = (element.kind, element.string, element["u"]) }
    }
  }
}
