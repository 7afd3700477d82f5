import FoundationEssentials
import NIOCore
import Testing

@testable import sluice_sim

/// What a scenario can do to the form of a stream; the text it carries stays the same.
@Suite struct StreamFormTests {
  /// The data of each event, by the letter of WHATWG HTML 9.2.6 for what the simulator sends.
  private static func events(_ body: String) -> [String] {
    var events: [String] = []
    var data: String?
    // A pair of CR and LF is one Character, so lines come apart right.
    for line in body.split(omittingEmptySubsequences: false, whereSeparator: { ["\n", "\r", "\r\n"].contains($0) }) {
      if line.isEmpty {
        if let data { events.append(data) }
        data = nil
      } else if line.hasPrefix("data: ") {
        data = (data.map { $0 + "\n" } ?? "") + line.dropFirst(6)
      } else if line.hasPrefix("data:") {
        data = (data.map { $0 + "\n" } ?? "") + line.dropFirst(5)
      } else if !line.hasPrefix(":") {
        Issue.record("a line that is no field: \(line)")
      }
    }
    return events
  }

  private static func body(_ form: String) throws -> String {
    ScriptTests.body(try ScriptTests.cues("x;tokens=20;text=nul\(form)", usage: true))
  }

  @Test(arguments: [
    ";ends=crlf", ";ends=cr", ";ends=mixed", ";space=0", ";comments=1", ";comments=1;ends=mixed;space=0",
    ";comments=1;ends=cr", ";batch=7;ends=mixed", ";split=1;ends=mixed",
  ])
  func theFormChangesNoEvent(form: String) throws {
    let plain = Self.events(try Self.body(""))
    #expect(plain.count == 24)
    #expect(Self.events(try Self.body(form)) == plain)
  }

  @Test func lineEndsAreTheOnesAskedFor() throws {
    func ends(_ kind: String) throws -> Set<String> {
      let body = try Self.body(";ends=\(kind)")
      return Set(body.filter { ["\n", "\r", "\r\n"].contains($0) }.map(String.init))
    }
    #expect(try ends("lf") == ["\n"])
    #expect(try ends("crlf") == ["\r\n"])
    #expect(try ends("cr") == ["\r"])
    #expect(try ends("mixed") == ["\n", "\r", "\r\n"])
  }

  @Test func withoutABlankTheJSONFollowsTheColon() throws {
    let body = try Self.body(";space=0")
    #expect(body.hasPrefix("data:{\"id\":"))
    #expect(body.hasSuffix("data:[DONE]\n\n"))
  }

  @Test func commentsStandBetweenEventsAndWithinThem() throws {
    let body = ScriptTests.body(try ScriptTests.cues("x;tokens=2;comments=1"))
    // The role, two tokens, the finish and the end: in turn.
    #expect(body.ranges(of: "data: ").count == 5)
    #expect(body.ranges(of: ": keep-alive\n\ndata: ").count == 3)
    #expect(body.ranges(of: "\n\n: keep-alive\ndata: ").count == 2)
    #expect(body.ranges(of: ": keep-alive").count == 5)
  }

  @Test func azureBeginsWithAChunkWithoutChoices() throws {
    struct Chunk: Decodable {
      struct Empty: Decodable {}
      struct Results: Decodable { let prompt_index: Int }
      let choices: [Empty]
      let prompt_filter_results: [Results]
    }
    let events = Self.events(try Self.body(";azure=1"))
    let chunk = try JSONDecoder().decode(Chunk.self, from: Data(events[0].utf8))
    #expect(chunk.choices.isEmpty)
    #expect(chunk.prompt_filter_results.map(\.prompt_index) == [0])
    #expect(Array(events.dropFirst()) == Self.events(try Self.body("")))
  }

  @Test func aStalledStreamBeatsForEver() throws {
    var cues = try ScriptTests.script("x;fault=stall;after=1;beat=100").cues(stream: true)
    for _ in 0..<3 { _ = cues.next() }
    let heartbeat = Cue.Action.write(ByteBuffer(string: ": keep-alive\n\n"))
    for beat in 1...1000 {
      #expect(cues.next() == Cue(at: .milliseconds(100 * Int64(beat)), action: heartbeat))
    }
  }

  @Test func beatsFillGapsAndNothingElse() throws {
    let cues = try ScriptTests.cues("x;tokens=2;first=250;rate=10;beat=100")
    let written = cues.compactMap { cue -> String? in
      guard case .write(let bytes, _) = cue.action else { return nil }
      let kind = String(buffer: bytes).hasPrefix(":") ? "beat" : "data"
      return "\(cue.at.nanoseconds / 1_000_000) \(kind)"
    }
    #expect(written == ["0 data", "100 beat", "200 beat", "250 data", "350 data", "350 data"])
    #expect(try !ScriptTests.body(ScriptTests.cues("x;tokens=20;rate=100;beat=100")).contains(": keep-alive"))
  }

  @Test(arguments: [4096, 65_536 + 2048, 300_001], ["", ";space=0", ";ends=crlf", ";fill=padding"])
  func theLongLineHasItsSizeAndItsText(size: Int, form: String) throws {
    let fill = form == ";fill=padding" ? LongLine.Fill.padding : .text
    let cues = try ScriptTests.cues("x;tokens=3;line=\(size)\(form)", usage: true)
    let body = ScriptTests.body(cues)
    let lines = body.split(whereSeparator: \.isNewline)
    #expect(lines.map(\.utf8.count).max() == size)
    struct Chunk: Decodable {
      struct Choice: Decodable { let delta: Delta }
      struct Delta: Decodable { let content: String? }
      struct Usage: Decodable { let completion_tokens: Int }
      let choices: [Choice]
      let usage: Usage?
    }
    let chunks = try Self.events(body).dropLast().map { try JSONDecoder().decode(Chunk.self, from: Data($0.utf8)) }
    let text = chunks.compactMap { $0.choices.first?.delta.content }.joined()
    #expect(text == "Some gates are" + LongLine(size: size, fill: fill).map { String(buffer: $0) }.joined())
    #expect(chunks.last?.usage?.completion_tokens == 4)
    for case .write(let piece, _) in cues.map(\.action) { #expect(piece.readableBytes <= LongLine.pieceSize) }
  }

  @Test func noPieceOfTheLongTextIsLikeAnother() {
    let pieces = LongLine(size: 1 << 20, fill: .text).map { String(buffer: $0) }
    #expect(pieces.count == 16)
    #expect(Set(pieces).count == 16)
    #expect(pieces[1].hasPrefix(" #000002 0000001 0000002"))
    #expect(LongLine(size: 1 << 20, fill: .padding).map(\.readableBytes) == [2048])
  }

  @Test func theUnstreamedAnswerEndsWithTheSameLongToken() throws {
    let body = ScriptTests.body(try ScriptTests.cues("x;tokens=1;line=100000", stream: false))
    let line = LongLine(size: 100_000, fill: .text).map { String(buffer: $0) }.joined()
    #expect(body.contains("\"content\": \"Some\(line)\",\n"))
  }

  @Test func aTokenLimitCutsTheLongLineOff() throws {
    let body = ScriptTests.body(try ScriptTests.cues("x;tokens=3;line=4096", limit: 2))
    #expect(!body.contains("obfuscation"))
    #expect(body.contains("\"finish_reason\":\"length\""))
  }
}
