import Testing
import Wire

@Suite struct JSONTextTests {
  @Test func whatIsWrittenReadsTheSame() throws {
    let text = (1...0x2FF).compactMap { Unicode.Scalar(UInt32($0)) }.map(String.init).joined() + "\u{2028}\u{FFFD}😀"
    var json: [UInt8] = []
    JSONText.append(quoted: text, to: &json)
    let document = try JSONDocument(parsing: json)
    #expect(document.root.string == text)
  }

  @Test func nulBecomesTheReplacementCharacter() {
    var json: [UInt8] = []
    JSONText.append(quoted: "a\0b", to: &json)
    #expect(json == Array("\"a\u{FFFD}b\"".utf8))
  }

  @Test func escapesAreTheShortOnes() {
    var json: [UInt8] = []
    JSONText.append(quoted: "\"\\/\n\r\t\u{1}\u{1F}", to: &json)
    #expect(String(decoding: json, as: UTF8.self) == #""\"\\/\n\r\t\u0001\u001f""#)
  }

  @Test func theWriterPutsTheCommas() {
    var writer = JSONWriter()
    writer.beginObject()
    writer.member("a", 1)
    writer.member("absent", nil as Int?)
    writer.key("b")
    writer.beginArray()
    writer.string("x")
    writer.null()
    writer.beginObject()
    writer.endObject()
    writer.raw("1,2")
    writer.bool(true)
    writer.endArray()
    writer.key(escaping: "q\"")
    writer.string(utf8: Array("é".utf8))
    writer.endObject()
    #expect(String(decoding: writer.bytes, as: UTF8.self) == #"{"a":1,"b":["x",null,{},1,2,true],"q\"":"é"}"#)
  }
}
