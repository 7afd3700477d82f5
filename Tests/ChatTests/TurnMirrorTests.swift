import Chat
import TestSupport
import Testing

@Suite struct TurnMirrorTests {
  private func events(_ text: String) -> [UInt8] { Array(#"{"type":"text","text":"\#(text)"}"#.utf8) }

  @Test func takesEachChunkOnceAndInOrder() {
    var mirror = TurnMirror(epoch: 3)
    #expect(mirror.log.epoch == 3)
    #expect(mirror.head == 0)
    #expect(mirror.append(sequence: 2, events: events("b")) == false)
    #expect(mirror.append(sequence: 0, events: events("z")) == false)
    #expect(mirror.append(sequence: 1, events: events("a")) == true)
    #expect(mirror.append(sequence: 1, events: events("a")) == false)
    #expect(mirror.append(sequence: 3, events: events("c")) == false)
    #expect(mirror.append(sequence: 2, events: events("b")) == true)
    #expect(mirror.head == 2)
    #expect(mirror.log.answer == Array("ab".utf8))
  }

  @Test func endsOnlyWhenAllChunksWereRead() {
    var mirror = TurnMirror(epoch: 1)
    let terminal = Terminal(state: .done, finishReason: .stop)
    #expect(mirror.end(terminal, chunks: 2) == false)
    #expect(mirror.terminal == nil)
    _ = mirror.append(sequence: 1, events: events("a"))
    #expect(mirror.end(terminal, chunks: 2) == false)
    _ = mirror.append(sequence: 2, events: Array(terminal.events.joined(separator: [0x2C])))
    #expect(mirror.end(terminal, chunks: 2) == true)
    #expect(mirror.terminal == terminal)
  }

  @Test func aTurnThatWroteNothingMayEndAtOnce() {
    var mirror = TurnMirror(epoch: 1)
    #expect(mirror.end(Terminal(state: .interrupted), chunks: 0) == true)
    #expect(mirror.terminal?.state == .interrupted)
    #expect(!mirror.log.hasAnswer)
  }

  /// Rows in any order, repeated or missing: the mirror ends up with the owner's log, byte for byte.
  @Test(arguments: 0..<20) func readsAnotherNodesLogThroughADisorderedTail(seed: UInt64) throws {
    var random = SplitMix(seed: seed)
    var owner = TurnLog()
    for _ in 0..<60 {
      owner.text(Script.text(Int.random(in: 1...400, using: &random), using: &random))
      if Bool.random(using: &random) { owner.seal() }
    }
    owner.seal()
    var mirror = TurnMirror(epoch: 1)
    while mirror.head < owner.sealed {
      let sequence = Int.random(in: 1...owner.sealed, using: &random)
      let expected = sequence == mirror.head + 1
      #expect(mirror.append(sequence: sequence, events: Array(owner.events(of: sequence))) == expected)
    }
    #expect(mirror.log.answer == owner.answer)
    #expect(mirror.log.hasAnswer)
    #expect(mirror.log.byteCount == owner.byteCount)
    #expect(mirror.log.uncommittedBytes == 0)
    for offset in 0..<owner.sealed {
      let theirs = owner.slice(after: offset, through: owner.sealed)
      let ours = mirror.log.slice(after: offset, through: mirror.head)
      #expect(theirs == ours)
    }
  }
}
