import Chat
import EventLoop
import Testing

@testable import Service

/// A turn that gathers its text, on a loop that stands still but for its timers.
@Suite struct GatheredTextTests {
  private let loop: EventLoop
  private let meters: Meters
  private let turn: LiveTurn

  init() throws {
    loop = try EventLoop(name: "test")
    meters = Meters(lanes: Lanes(loops: [loop]))
    turn = try LiveTurn.owned(
      loop: loop, meters: meters, arrived: .now(), chunking: Chunking(.words, bytes: 4_096, delay: 10))
  }

  private func append(_ text: String) -> Turn.Effects? {
    var text = text
    return text.withUTF8 { turn.append(text: UnsafeRawBufferPointer($0)) }
  }

  private var sealed: Int {
    var sealed = 0
    turn.input {
      sealed = $0.log.sealed
      return []
    }
    return sealed
  }

  @Test func theLoopReleasesWhatHasWaited() async {
    #expect(append("wor") == .wait)
    #expect(sealed == 0)
    loop.start()
    defer { loop.stop() }
    turn.perform(.wait)
    while sealed == 0 { await Task.yield() }
    #expect(sealed == 1)
  }

  @Test func whatIsReleasedBeforeTheTimerIsSetLeavesNoTextWaitingForEver() async {
    loop.start()
    defer { loop.stop() }
    let effects = append("one")
    turn.input { $0.append(event: Array("{}".utf8)).intersection([]) }
    turn.perform(effects ?? [])
    let before = sealed
    // However the timers interleave: what comes now is released in time.
    while append("x") != .wait { await Task.yield() }
    turn.perform(.wait)
    while sealed == before { await Task.yield() }
  }

  @Test func theFirstTextIsThatWhichIsReleased() {
    _ = append("one")
    #expect(meters.firstText.reading.cumulative.last == 0)
    turn.input {
      _ = $0.append(event: Array(#"{"type":"progress"}"#.utf8))
      _ = $0.beginFlush()
      return $0.flushSucceeded().intersection(.publish)
    }
    #expect(meters.firstText.reading.cumulative.last == 1)
  }

  @Test func aTurnThatHasEndedIsToldInVain() {
    #expect(append("wor") == .wait)
    _ = turn.mutate { $0.cancel() }
    let before = sealed
    turn.timePassed()
    #expect(sealed == before)
  }
}
