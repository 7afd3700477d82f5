import EventLoop
import Testing

@Suite struct LoopPoolTests {
  @Test(arguments: [(-1, 1), (0, 1), (1, 1), (3, 3)]) func hasAtLeastOneLoop(asked: Int, count: Int) throws {
    #expect(try LoopPool(count: asked).loops.count == count)
  }

  @Test func picksItsLoopsInTurn() throws {
    let pool = try LoopPool(count: 3)
    for round in 0..<3 {
      for loop in pool.loops { #expect(pool.pick() === loop, "round \(round)") }
    }
  }

  @Test func runsEachLoopOnAThreadOfItsOwnAndStopsThemAll() throws {
    let pool = try LoopPool(count: 3)
    pool.start()
    for loop in pool.loops {
      let current = try loop.run { pool.loops.map(\.isCurrent) }
      #expect(current == pool.loops.map { $0 === loop })
    }
    let ran = Record<String>()
    for loop in pool.loops { loop.submit { ran.add(loop.name) } }
    pool.stop()
    #expect(ran.all.sorted() == ["0", "1", "2"])
  }
}
