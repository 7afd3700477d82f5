import Dispatch
import EventLoop
import Synchronization
import Testing

@Suite struct EventLoopTests {
  @Test func runsJobsInTheOrderTheyWereSubmitted() throws {
    try withLoop { loop in
      let ran = Record<Int>()
      for number in 0..<10_000 { loop.submit { ran.add(number) } }
      try loop.settle()
      #expect(ran.all == Array(0..<10_000))
    }
  }

  @Test func losesNoJobOfManyThreads() throws {
    try withLoop { loop in
      let ran = Record<(thread: Int, number: Int)>()
      DispatchQueue.concurrentPerform(iterations: 8) { thread in
        for number in 0..<1_000 { loop.submit { ran.add((thread, number)) } }
      }
      try loop.settle()
      for thread in 0..<8 {
        #expect(ran.all.filter { $0.thread == thread }.map(\.number) == Array(0..<1_000))
      }
    }
  }

  @Test func isCurrentOnItsOwnThreadOnly() throws {
    try withLoop { first in
      try withLoop { second in
        let onFirst = try first.run { [first.isCurrent, second.isCurrent] }
        let onSecond = try second.run { [first.isCurrent, second.isCurrent] }
        #expect(onFirst == [true, false])
        #expect(onSecond == [false, true])
        #expect(!first.isCurrent)
      }
    }
  }

  @Test func submitsLaterAndExecutesAtOnceOnTheLoop() throws {
    try withLoop { loop in
      let ran = Record<String>()
      try loop.run {
        loop.submit { ran.add("submitted") }
        loop.execute { ran.add("executed") }
        ran.add("after")
      }
      try loop.settle()
      #expect(ran.all == ["executed", "after", "submitted"])
    }
  }

  @Test func executesFromElsewhereOnTheLoop() throws {
    try withLoop { loop in
      let signal = Signal()
      let current = Record<Bool>()
      loop.execute {
        current.add(loop.isCurrent)
        signal.send()
      }
      try signal.wait()
      #expect(current.all == [true])
    }
  }

  @Test func jobsSubmittedBeforeTheStartRun() throws {
    let loop = try EventLoop(name: "test")
    let ran = Record<Int>()
    for number in 0..<3 { loop.submit { ran.add(number) } }
    loop.start()
    try loop.settle()
    #expect(ran.all == [0, 1, 2])
    loop.stop()
    loop.join()
  }

  @Test func stopRunsTheJobsSubmittedBeforeIt() throws {
    let loop = try EventLoop(name: "test")
    loop.start()
    let ran = Record<Int>()
    for number in 0..<1_000 { loop.submit { ran.add(number) } }
    loop.stop()
    loop.join()
    #expect(ran.all == Array(0..<1_000))
  }

  @Test func stoppedBeforeItsStartItRunsWhatWasSubmittedAndEnds() throws {
    let loop = try EventLoop(name: "test")
    let ran = Record<Int>()
    loop.submit { ran.add(1) }
    loop.stop()
    loop.start()
    loop.join()
    #expect(ran.all == [1])
  }

  @Test func nothingRunsAfterTheEnd() throws {
    let loop = try EventLoop(name: "test")
    loop.start()
    loop.stop()
    loop.join()
    let ran = Record<Int>()
    loop.submit { ran.add(1) }
    loop.stop()
    loop.join()
    #expect(ran.all.isEmpty)
    #expect(!loop.isCurrent)
  }

  @Test func joiningALoopThatNeverStartedReturns() throws {
    try EventLoop(name: "test").join()
  }

  @Test func stopsFromItsOwnJob() throws {
    let loop = try EventLoop(name: "test")
    loop.start()
    loop.submit { loop.stop() }
    loop.join()
  }

  @Test func aStoppedLoopIsFreed() throws {
    weak var freed: EventLoop?
    do {
      let loop = try EventLoop(name: "test")
      freed = loop
      loop.start()
      loop.stop()
      loop.join()
    }
    // The queue drops its block a moment after `join` returns.
    let limit = Instant.now().advanced(milliseconds: 30_000)
    while freed != nil, Instant.now() < limit {}
    #expect(freed == nil)
  }

  @Test func countsTheTimeItIsAtWork() throws {
    try withLoop { loop in
      let before = loop.busyTime
      try loop.run {
        let end = Instant.now().advanced(milliseconds: 2)
        while Instant.now() < end {}
      }
      // The turn of a later job has begun: the long one is measured.
      try loop.settle()
      #expect(loop.busyTime >= before + 2_000_000)
    }
  }

  @Test func theTimeOfATurnStandsStillWithinIt() throws {
    try withLoop { loop in
      let (before, after) = try loop.run {
        let before = loop.now
        let end = Instant.now().advanced(milliseconds: 1)
        while Instant.now() < end {}
        return (before, loop.now)
      }
      #expect(before == after)
      #expect(try loop.run { loop.now } > before)
    }
  }
}
