import Synchronization
import Testing

@testable import Service

/// Who came through a turnstile.
private final class Passage: Sendable {
  private let state = Mutex((inside: 0, most: 0, order: [Int]()))

  var most: Int { state.withLock { $0.most } }
  var order: [Int] { state.withLock { $0.order } }

  func pass(_ turnstile: Turnstile, as number: Int) async {
    guard await turnstile.enter() else { return }
    state.withLock {
      $0.inside += 1
      $0.most = max($0.most, $0.inside)
      $0.order.append(number)
    }
    await Task.yield()
    state.withLock { $0.inside -= 1 }
    turnstile.leave()
  }
}

@Suite(.timeLimit(.minutes(1))) struct TurnstileTests {
  @Test func `no more are inside than there are places, and all come in`() async {
    let (turnstile, passage) = (Turnstile(places: 3), Passage())
    await withTaskGroup { group in
      for number in 0..<100 { group.addTask { await passage.pass(turnstile, as: number) } }
    }
    #expect(passage.order.sorted() == Array(0..<100))
    #expect(passage.most <= 3)
    #expect(turnstile.waiting == 0)
  }

  @Test func `who would make the queue too long is turned away, and the first comes in first`() async {
    let (turnstile, passage) = (Turnstile(places: 1), Passage())
    #expect(await turnstile.enter())
    await withTaskGroup { group in
      for number in 0..<Turnstile.queue {
        group.addTask { await passage.pass(turnstile, as: number) }
        while turnstile.waiting <= number { await Task.yield() }
      }
      #expect(await !turnstile.enter())
      turnstile.leave()
    }
    #expect(passage.order == Array(0..<Turnstile.queue))
    // All have left: the place is free.
    #expect(await turnstile.enter())
  }
}
