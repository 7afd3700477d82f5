import EventLoop
import Testing

@Suite struct HeartbeatTests {
  @Test func allLoopsAnswerEachQuestionOnce() throws {
    let pool = try LoopPool(count: 3)
    pool.start()
    defer { pool.stop() }
    let heartbeat = Heartbeat(loops: pool.loops)
    for _ in 0..<3 {
      let heard = Signal()
      #expect(heartbeat.ask { heard.send() })
      try heard.wait()
    }
  }

  @Test func aLoopThatHangsIsNotSpokenForByTheOthers() throws {
    let pool = try LoopPool(count: 3)
    pool.start()
    defer { pool.stop() }
    let (hung, release, heard, count) = (Signal(), Signal(), Signal(), Record<Int>())
    pool.loops[1].submit {
      hung.send()
      try? release.wait()
    }
    try hung.wait()
    let heartbeat = Heartbeat(loops: pool.loops)
    #expect(
      heartbeat.ask {
        count.add(1)
        heard.send()
      })
    // The others have long answered.
    try pool.loops[0].settle()
    try pool.loops[2].settle()
    #expect(count.all.isEmpty)
    // No second question while one is open.
    #expect(!heartbeat.ask { count.add(2) })
    release.send()
    try heard.wait()
    try pool.loops[1].settle()
    #expect(count.all == [1])
    #expect(heartbeat.ask {})
  }
}
