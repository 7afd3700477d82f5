import Dispatch
import Glibc
import Testing

@testable import EventLoop

@Suite struct InboxTests {
  private func isReadable(_ descriptor: Int32) -> Bool {
    var item = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    return poll(&item, 1, 0) == 1
  }

  @Test func manyPutsAreOneWakeUp() throws {
    let inbox = try Inbox()
    let descriptor = inbox.wakeup
    #expect(!isReadable(descriptor))
    for _ in 0..<3 { inbox.put {} }
    #expect(isReadable(descriptor))
    var written: UInt64 = 0
    #expect(read(descriptor, &written, 8) == 8)
    #expect(written == 1)
    let taken = inbox.take().count
    #expect(taken == 3)
  }

  @Test func takesInOrderAndOnce() throws {
    let inbox = try Inbox()
    let ran = Record<Int>()
    for number in 0..<100 { inbox.put { ran.add(number) } }
    for job in inbox.take() { job() }
    #expect(ran.all == Array(0..<100))
    let left = inbox.take().count
    #expect(left == 0)
  }

  @Test func takingClearsTheWakeUpAndTheNextPutWritesIt() throws {
    let inbox = try Inbox()
    let descriptor = inbox.wakeup
    inbox.put {}
    _ = inbox.take()
    #expect(!isReadable(descriptor))
    inbox.put {}
    #expect(isReadable(descriptor))
  }

  @Test func aJobPutByAJobIsForTheNextTake() throws {
    let box = Box(try Inbox())
    let ran = Record<Int>()
    box.content.put {
      ran.add(1)
      box.content.put { ran.add(2) }
    }
    for job in box.content.take() { job() }
    #expect(ran.all == [1])
    #expect(isReadable(box.content.wakeup))
    for job in box.content.take() { job() }
    #expect(ran.all == [1, 2])
  }

  /// A job that is in the list when nobody is woken for it would be lost: the reader here sleeps until it is woken.
  @Test func noWakeUpIsLostUnderContention() throws {
    let box = Box(try Inbox())
    let threads = 4
    let each = 5_000
    let ran = Record<Int>()
    let ended = Signal()
    DispatchQueue.global().async {
      var item = pollfd(fd: box.content.wakeup, events: Int16(POLLIN), revents: 0)
      while ran.count < threads * each, poll(&item, 1, 20_000) == 1 {
        for job in box.content.take() { job() }
      }
      ended.send()
    }
    DispatchQueue.concurrentPerform(iterations: threads) { thread in
      for number in 0..<each { box.content.put { ran.add(thread * each + number) } }
    }
    try ended.wait()
    #expect(ran.all.sorted() == Array(0..<(threads * each)))
    for thread in 0..<threads {
      let own = ran.all.filter { $0 / each == thread }
      #expect(own == own.sorted())
    }
  }
}
