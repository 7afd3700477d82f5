import Chat
import EventLoop
import Testing

@testable import Service

/// The time to the first token ends when a reader may see it, not when it comes.
@Suite struct FirstTextTests {
  private let meters: Meters
  private let turn: LiveTurn

  init() throws {
    let loop = try EventLoop(name: "test")
    meters = Meters(lanes: Lanes(loops: [loop]))
    turn = try LiveTurn.owned(loop: loop, meters: meters, arrived: .now())
  }

  private var observed: UInt64? { meters.firstText.reading.cumulative.last }

  private func append(_ text: String) -> Turn.Effects? {
    var text = text
    return text.withUTF8 { turn.append(text: UnsafeRawBufferPointer($0)) }
  }

  /// What the flusher does, without a database.
  private func flush() {
    turn.input {
      _ = $0.beginFlush()
      return $0.flushSucceeded().intersection(.publish)
    }
  }

  @Test func itIsObservedOnceAndWithTheCommit() {
    #expect(append("one") != nil)
    #expect(observed == 0)
    flush()
    #expect(observed == 1)
    _ = append("two")
    flush()
    #expect(observed == 1)
  }

  @Test func progressIsNoText() {
    turn.input { $0.append(event: Array(#"{"type":"progress"}"#.utf8)).subtracting([.flush, .urgent]) }
    flush()
    #expect(observed == 0)
    _ = append("text")
    flush()
    #expect(observed == 1)
  }

  @Test func aTurnThatHasEndedTakesNoText() {
    turn.input { $0.cancel().subtracting([.flush, .urgent, .closeUpstream]) }
    #expect(append("late") == nil)
  }
}
