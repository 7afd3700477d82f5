import Synchronization
import Testing

@testable import Service

@Suite(.timeLimit(.minutes(1))) struct TurnstileTests {
  @Test func `no more are inside than there are places, and all come in`() async {
    let turnstile = Turnstile(places: 3)
    let inside = Mutex((now: 0, most: 0, all: 0))
    await withTaskGroup { group in
      for _ in 0..<100 {
        group.addTask {
          guard await turnstile.enter() else { return }
          inside.withLock {
            $0.now += 1
            $0.most = max($0.most, $0.now)
            $0.all += 1
          }
          await Task.yield()
          inside.withLock { $0.now -= 1 }
          turnstile.leave()
        }
      }
    }
    #expect(inside.withLock { $0.all } == 100)
    #expect(inside.withLock { $0.most } <= 3)
    #expect(turnstile.waiting == 0)
  }

  @Test func `who would make the queue too long is turned away, and the first comes in first`() async {
    let turnstile = Turnstile(places: 1)
    #expect(await turnstile.enter())
    let order = Mutex<[Int]>([])
    await withTaskGroup { group in
      for number in 0..<Turnstile.queue {
        group.addTask {
          #expect(await turnstile.enter())
          order.withLock { $0.append(number) }
          turnstile.leave()
        }
        while turnstile.waiting <= number { await Task.yield() }
      }
      #expect(await !turnstile.enter())
      turnstile.leave()
    }
    #expect(order.withLock { $0 } == Array(0..<Turnstile.queue))
    // All have left: the place is free.
    #expect(await turnstile.enter())
  }
}
