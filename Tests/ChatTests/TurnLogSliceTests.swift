import Chat
import TestSupport
import Testing

@Suite struct TurnLogSliceTests {
  /// A log of chunks from one byte of text to the limit.
  private func log(seed: UInt64) -> TurnLog {
    var random = SplitMix(seed: seed)
    var log = TurnLog()
    for _ in 0..<150 {
      let longest = [5, 300, 20_000].randomElement(using: &random) ?? 5
      log.text(String(repeating: "a", count: Int.random(in: 1...longest, using: &random)))
      if Int.random(in: 0..<5, using: &random) == 0 { log.reasoning("…") }
      if Int.random(in: 0..<3, using: &random) > 0 { log.seal() }
    }
    log.seal()
    return log
  }

  private func whole(_ log: TurnLog, through head: Int) -> [UInt8] {
    Array((1...head).map { Array(log.events(of: $0)) }.joined(separator: [0x2C]))
  }

  @Test(arguments: 0..<20) func anySequenceOfSlicesGivesEveryEventOnceAndInOrder(seed: UInt64) throws {
    let log = log(seed: seed)
    var random = SplitMix(seed: seed &+ 100)
    for _ in 0..<20 {
      var read: [[UInt8]] = []
      var (offset, head) = (0, 0)
      while offset < log.sealed {
        head = Int.random(in: max(head, offset)...log.sealed, using: &random)
        let slice = log.slice(after: offset, through: head)
        #expect(slice.events.isEmpty == (offset == head))
        #expect((offset...head).contains(slice.offset))
        if !slice.events.isEmpty { read.append(Array(slice.events)) }
        offset = slice.offset
      }
      #expect(Array(read.joined(separator: [0x2C])) == whole(log, through: log.sealed))
    }
  }

  @Test(arguments: 0..<20) func aSliceIsAsManyWholeChunksAsFitAndAtLeastOne(seed: UInt64) throws {
    let log = log(seed: seed)
    for offset in 0..<log.sealed {
      let slice = log.slice(after: offset, through: log.sealed)
      #expect(slice.offset > offset)
      #expect(slice.events.count <= TurnLog.replyLimit || slice.offset == offset + 1)
      if slice.offset < log.sealed {
        #expect(slice.events.count + log.events(of: slice.offset + 1).count + 2 > TurnLog.replyLimit)
      }
    }
  }

  @Test func aSliceNeverPassesTheHead() {
    let log = log(seed: 77)
    for head in 1...log.sealed {
      for offset in max(0, head - 3)..<head {
        #expect(log.slice(after: offset, through: head).offset <= head)
      }
      #expect(Array(log.slice(after: head - 1, through: head).events) == Array(log.events(of: head)))
    }
  }

  @Test(arguments: [(3, 3), (4, 3), (1_000_000, 3), (0, 0)])
  func aReaderAtTheHeadOrBeyondGetsNothingAndStays(offset: Int, head: Int) {
    let slice = log(seed: 1).slice(after: offset, through: head)
    #expect(slice.events.isEmpty)
    #expect(slice.offset == offset)
  }

  @Test func whatIsUnsealedIsInNoSlice() {
    var log = TurnLog()
    log.text("sealed")
    log.seal()
    log.text("open")
    let slice = log.slice(after: 0, through: log.sealed)
    #expect(String(decoding: slice.events, as: UTF8.self) == #"{"type":"text","text":"sealed"}"#)
  }

  /// A row may hold up to 64 KB: another node's, of a compacted turn.
  @Test func aChunkOverTheReplysLimitComesAlone() {
    var log = TurnLog()
    let big = Array(#"{"type":"text","text":"\#(String(repeating: "x", count: 80_000))"}"#.utf8)
    let small = Array(#"{"type":"text","text":"y"}"#.utf8)
    for events in [small, big, small, big] { log.append(committed: events) }
    var (offset, offsets) = (0, [Int]())
    while offset < 4 {
      offset = log.slice(after: offset, through: 4).offset
      offsets.append(offset)
    }
    #expect(offsets == [1, 2, 3, 4])
  }
}
