import Chat
import TestSupport
import Testing

@Suite struct TurnLogTests {
  /// All sealed events, as a reader gets them that reads from the start.
  private func events(of log: TurnLog) throws -> [Event] {
    var all: [Event] = []
    var offset = 0
    while offset < log.sealed {
      let slice = log.slice(after: offset, through: log.sealed)
      all += try Event.list(slice.events)
      offset = slice.offset
    }
    return all
  }

  @Test func anEmptyLogHasNothingToGive() {
    var log = TurnLog()
    log.seal()
    #expect(log.epoch == 1)
    #expect(log.sealed == 0)
    #expect(log.byteCount == 0)
    #expect(log.uncommittedBytes == 0)
    #expect(!log.hasUnsealed)
    #expect(!log.hasAnswer)
    #expect(log.answer.isEmpty)
    let slice = log.slice(after: 0, through: 0)
    #expect(slice.events.isEmpty)
    #expect(slice.offset == 0)
  }

  @Test func textOfOneChunkJoinsInOneEvent() throws {
    var log = TurnLog()
    log.text("Hel")
    log.text("lo")
    log.seal()
    #expect(String(decoding: log.events(of: 1), as: UTF8.self) == #"{"type":"text","text":"Hello"}"#)
    log.text("!")
    log.seal()
    #expect(String(decoding: log.events(of: 2), as: UTF8.self) == #"{"type":"text","text":"!"}"#)
    #expect(log.sealed == 2)
  }

  @Test func aChangeOfKindBeginsAnotherEvent() throws {
    var log = TurnLog()
    log.reasoning("Hm")
    log.reasoning("m")
    log.text("A")
    log.append(event: Array(#"{"type":"progress","id":"x"}"#.utf8))
    log.text("B")
    log.reasoning("C")
    log.seal()
    let events = try Event.list(log.events(of: 1))
    #expect(events.map(\.type) == ["reasoning", "text", "progress", "text", "reasoning"])
    #expect(events.text(of: "reasoning") == Array("HmmC".utf8))
    #expect(log.answer == Array("AB".utf8))
  }

  @Test func nulBecomesTheReplacementCharacterAndAllElseSurvives() throws {
    var log = TurnLog()
    let all = (0...0x2FF).compactMap(UnicodeScalar.init).map { String($0) }.joined()
    log.text(all)
    log.seal()
    #expect(log.answer == Script.readable(all))
    #expect(log.answer.starts(with: [0xEF, 0xBF, 0xBD, 0x01]))
  }

  @Test(arguments: 0..<40) func eventsAreJSONAndSayWhatWasPutIn(seed: UInt64) throws {
    var random = SplitMix(seed: seed)
    var log = TurnLog()
    var put: [(type: String, text: [UInt8])] = []
    for _ in 0..<120 {
      let length = [1, 3, 20, 400, 3_000].randomElement(using: &random) ?? 1
      let text = Script.text(Int.random(in: 1...length, using: &random), using: &random)
      switch Int.random(in: 0..<10, using: &random) {
      case 0..<6:
        log.text(text)
        put.append(("text", Script.readable(text)))
      case 6, 7:
        log.reasoning(text)
        put.append(("reasoning", Script.readable(text)))
      case 8:
        log.append(event: Array(#"{"type":"tool","name":"t"}"#.utf8))
        put.append(("tool", []))
      default:
        log.seal()
      }
    }
    log.seal()
    let expected = put.map { Event(type: $0.type, text: $0.type == "tool" ? nil : $0.text, json: "") }
    let runs = try events(of: log).runs
    #expect(runs.map(\.type) == expected.runs.map(\.type))
    #expect(runs.map(\.text) == expected.runs.map(\.text))
    #expect(log.answer == expected.text(of: "text"))
    for chunk in 1...log.sealed {
      #expect(log.events(of: chunk).count < TurnLog.chunkLimit)
      #expect(try !Event.list(log.events(of: chunk)).isEmpty)
    }
  }

  /// The worst that text of any length can do: bytes that escape to six each.
  @Test(arguments: ["\u{1}", "a", "\"", "é", "中", "😀", "\u{0}"], [1, 511, 512, 513, 16_384, 100_000])
  func noChunkIsOverTheLimitHoweverLongADeltaIs(unit: String, count: Int) throws {
    var log = TurnLog()
    log.text("x")
    let text = String(repeating: unit, count: count)
    log.text(text)
    log.reasoning(text)
    log.seal()
    #expect(log.answer == Script.readable("x" + text))
    #expect(try events(of: log).text(of: "reasoning") == Script.readable(text))
    for chunk in 1...log.sealed { #expect(log.events(of: chunk).count < TurnLog.chunkLimit) }
  }

  @Test func anEventThatNoLongerFitsOpensTheNextChunk() {
    var log = TurnLog()
    let event = Array(#"{"type":"tool","pad":"\#(String(repeating: "p", count: 5_000))"}"#.utf8)
    for _ in 0..<7 { log.append(event: event) }
    log.seal()
    #expect(log.sealed == 3)
    for chunk in 1...log.sealed { #expect(log.events(of: chunk).count < TurnLog.chunkLimit) }
  }

  @Test func sealingAnEmptyChunkDoesNothing() {
    var log = TurnLog()
    log.text("a")
    #expect(log.hasUnsealed)
    for _ in 0..<3 { log.seal() }
    #expect(log.sealed == 1)
    #expect(!log.hasUnsealed)
  }

  @Test func whatIsCommittedLeavesTheWindowAndNeverComesBack() {
    var log = TurnLog()
    for _ in 0..<3 {
      log.text("abc")
      log.seal()
    }
    #expect(log.uncommittedBytes == log.byteCount)
    log.commit(through: 2)
    #expect(log.watermark == 2)
    #expect(log.uncommittedBytes == log.byteCount / 3)
    log.commit(through: 1)
    #expect(log.watermark == 2)
    log.commit(through: 99)
    #expect(log.watermark == 3)
    #expect(log.uncommittedBytes == 0)
    log.text("d")
    #expect(log.uncommittedBytes > 0)
  }

  @Test func theAnswerIsOfSealedTextOnly() {
    var log = TurnLog()
    log.text("open")
    #expect(log.answer.isEmpty)
    log.seal()
    log.text(" later")
    #expect(log.answer == Array("open".utf8))
  }

  @Test func withoutTextThereIsNoAnswer() {
    var log = TurnLog()
    log.reasoning(#"I shall say {"type":"text","text":"no"}"#)
    log.append(event: Array(#"{"type":"progress","label":"\"type\":\"text\""}"#.utf8))
    log.seal()
    #expect(!log.hasAnswer)
    #expect(log.answer.isEmpty)
  }

  @Test func anEmptyDeltaIsNoAnswer() {
    var log = TurnLog()
    log.text("")
    #expect(!log.hasAnswer)
    #expect(!log.hasUnsealed)
  }
}
