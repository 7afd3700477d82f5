import Chat
import FrontDoor
import TestSupport
import Testing
import Wire

@testable import Service

/// A log told in pieces, in both forms.
@Suite struct StreamReaderTests {
  private static let done = Terminal(state: .done, finishReason: .stop, usage: nil)
  private static let message = ID(high: 5, low: 6)

  /// A log of one word a chunk, the last with the end of the turn.
  private func log(_ words: [String], epoch: Int = 1) -> TurnLog {
    var log = TurnLog(epoch: epoch)
    for word in words {
      var word = word
      word.withUTF8 { log.appendText(UnsafeRawBufferPointer($0)) }
      log.seal()
    }
    for event in Self.done.events { log.append(event: event) }
    log.seal()
    log.commit(through: log.sealed)
    return log
  }

  private func all(_ form: any StreamForm, _ log: TurnLog, limit: Int, from cursor: Cursor = .start) -> (String, Int) {
    var reader = StreamReader(form: form, cursor: cursor)
    var bytes: [UInt8] = []
    var pieces = 1
    while reader.read(log, through: log.sealed, Self.done, message: Self.message, limit: limit, to: &bytes) == nil {
      pieces += 1
    }
    return (String(decoding: bytes, as: UTF8.self), pieces)
  }

  @Test(arguments: [1, 100, 1_000, 1 << 20])
  func howMuchIsTakenAtATimeChangesNothing(limit: Int) {
    let log = log((0..<50).map { "word \($0) \"quoted\"\n" })
    for form in [EventStreamForm(), JSONLinesForm()] as [any StreamForm] {
      let (text, pieces) = all(form, log, limit: limit)
      #expect(text == all(form, log, limit: .max).0)
      #expect(limit > 1 || pieces == 51)
    }
  }

  @Test func anEventIsAChunk() {
    let (text, _) = all(EventStreamForm(), log(["a", "b"]), limit: .max)
    #expect(
      text == #"""
        id: 1.1
        event: chunk
        data: {"events":[{"type":"text","text":"a"}]}

        id: 1.2
        event: chunk
        data: {"events":[{"type":"text","text":"b"}]}

        id: 1.3
        event: end
        data: {"events":[{"type":"end","state":"done","finish_reason":"stop"}],"state":"done","finish_reason":"stop","message":{"id":"00000000-0000-0005-0000-000000000006","role":"assistant"}}


        """#)
  }

  @Test func aLineIsAChunk() {
    let (text, _) = all(JSONLinesForm(), log(["a"]), limit: .max)
    #expect(
      text == #"""
        {"cursor":"1.1","state":"streaming","events":[{"type":"text","text":"a"}]}
        {"cursor":"1.2","state":"done","events":[{"type":"end","state":"done","finish_reason":"stop"}],"finish_reason":"stop","message":{"id":"00000000-0000-0005-0000-000000000006","role":"assistant"}}

        """#)
  }

  @Test func anOldEpochAndACursorPastTheEndStartOver() {
    for cursor in [Cursor(epoch: 1, offset: 3), Cursor(epoch: 2, offset: 9), Cursor(epoch: 3, offset: 0)] {
      let (text, _) = all(EventStreamForm(), log(["a"], epoch: 2), limit: .max, from: cursor)
      #expect(text.utf8.starts(with: "id: 2.0\nevent: reset\ndata: {}\n\nid: 2.1\n".utf8), "\(cursor)")
    }
  }

  /// A completion cannot take back what it has said.
  @Test func aFormThatCannotStartOverBreaksOff() {
    let form = CompletionStream(CompletionObject(turn: Self.message, model: "m"), includesUsage: false)
    var reader = StreamReader(form: form, cursor: .start)
    var bytes: [UInt8] = []
    let said = reader.read(log(["a"]), through: 1, nil, message: Self.message, limit: 100, to: &bytes)
    #expect(said == nil)
    let step = reader.read(log(["b"], epoch: 2), through: 2, Self.done, message: Self.message, limit: 100, to: &bytes)
    #expect(step == .broken)
    #expect(!String(decoding: bytes, as: UTF8.self).contains("[DONE]"))
  }

  /// Ahead of a live turn: this node is behind, and says nothing.
  @Test func aCursorAheadOfALiveTurnWaits() {
    let log = log(["a"])
    for cursor in [Cursor(epoch: 1, offset: 2), Cursor(epoch: 2, offset: 0)] {
      var reader = StreamReader(form: EventStreamForm(), cursor: cursor)
      var bytes: [UInt8] = []
      let step = reader.read(log, through: 1, nil, message: Self.message, limit: 100, to: &bytes)
      #expect(step == nil)
      #expect(bytes.isEmpty)
      #expect(reader.cursor == cursor)
    }
  }

  @Test func whatEndsAStreamForNowIsNoMessage() {
    var bytes: [UInt8] = []
    EventStreamForm().leave(to: &bytes)
    #expect(bytes.starts(with: "retry: ".utf8) && bytes.suffix(2) == [10, 10])
    bytes = []
    EventStreamForm().ping(.start, to: &bytes)
    #expect(bytes == Array(": ping\n".utf8))
    bytes = []
    JSONLinesForm().ping(Cursor(epoch: 1, offset: 7), to: &bytes)
    #expect(bytes == Array("{\"cursor\":\"1.7\",\"state\":\"streaming\",\"events\":[]}\n".utf8))
  }
}
