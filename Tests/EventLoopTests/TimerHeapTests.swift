import TestSupport
import Testing

@testable import EventLoop

@Suite struct TimerHeapTests {
  /// The handler is never called: the heap only carries it.
  private let handler = Handler()

  private func insert(_ milliseconds: UInt64, _ token: Int, into heap: inout TimerHeap) -> TimerID {
    heap.insert(Instant(nanoseconds: milliseconds), handler: handler, token: token)
  }

  @Test func emptyHeapHasNothing() {
    var heap = TimerHeap()
    #expect(heap.isEmpty)
    #expect(heap.earliest == nil)
    #expect(heap.pop(due: .distantFuture) == nil)
  }

  @Test func popsByDeadlineAndOnlyWhatIsDue() {
    var heap = TimerHeap()
    for deadline in [5, 1, 4, 2, 3] as [UInt64] { _ = insert(deadline, Int(deadline), into: &heap) }
    #expect(heap.pop(due: Instant(nanoseconds: 0)) == nil)
    var popped: [Int] = []
    while let due = heap.pop(due: Instant(nanoseconds: 3)) { popped.append(due.token) }
    #expect(popped == [1, 2, 3])
    #expect(heap.earliest == Instant(nanoseconds: 4))
    #expect(heap.count == 2)
  }

  @Test func givesBackTheHandlerAndItsToken() {
    var heap = TimerHeap()
    _ = insert(1, 42, into: &heap)
    let due = heap.pop(due: Instant(nanoseconds: 1))
    #expect(due?.handler === handler)
    #expect(due?.token == 42)
  }

  @Test func cancelsOnce() {
    var heap = TimerHeap()
    let timer = insert(1, 1, into: &heap)
    #expect(heap.cancel(timer) == true)
    #expect(heap.cancel(timer) == false)
    #expect(heap.isEmpty)
  }

  @Test func aSpentTimerDoesNotCancelTheNextInItsSlot() {
    var heap = TimerHeap()
    let spent = insert(1, 1, into: &heap)
    _ = heap.pop(due: Instant(nanoseconds: 1))
    let cancelled = insert(2, 2, into: &heap)
    #expect(heap.cancel(cancelled) == true)
    let present = insert(3, 3, into: &heap)
    #expect(heap.cancel(spent) == false)
    #expect(heap.cancel(cancelled) == false)
    #expect(heap.count == 1)
    #expect(heap.cancel(present) == true)
  }

  @Test func aTimerOfAnotherHeapIsRefused() {
    var other = TimerHeap()
    _ = insert(1, 1, into: &other)
    let foreign = insert(2, 2, into: &other)
    var heap = TimerHeap()
    #expect(heap.cancel(foreign) == false)
  }

  /// Against a plain list: the same timers come out, in the order of their deadlines.
  @Test(arguments: 0..<20) func agreesWithANaiveModel(seed: UInt64) {
    var random = SplitMix(seed: seed)
    var heap = TimerHeap()
    var model: [(id: TimerID, deadline: UInt64, token: Int)] = []
    var spent: [TimerID] = []
    var now: UInt64 = 0
    for step in 0..<2_000 {
      switch Int.random(in: 0..<10, using: &random) {
      case 0..<5:
        // A small range, so that many deadlines are equal.
        let deadline = now + UInt64.random(in: 0..<50, using: &random)
        model.append((insert(deadline, step, into: &heap), deadline, step))
      case 5..<7:
        guard let index = model.indices.randomElement(using: &random) else { break }
        #expect(heap.cancel(model[index].id) == true)
        spent.append(model.remove(at: index).id)
      case 7:
        if let stale = spent.randomElement(using: &random) { #expect(heap.cancel(stale) == false) }
      default:
        now += UInt64.random(in: 0..<20, using: &random)
        while let due = heap.pop(due: Instant(nanoseconds: now)) {
          let index = model.firstIndex { $0.token == due.token }
          #expect(index != nil)
          guard let index else { return }
          #expect(model[index].deadline <= now)
          #expect(model.allSatisfy { $0.deadline >= model[index].deadline })
          spent.append(model.remove(at: index).id)
        }
        #expect(model.allSatisfy { $0.deadline > now })
      }
      #expect(heap.count == model.count)
      #expect(heap.isEmpty == model.isEmpty)
      #expect(heap.earliest?.nanoseconds == model.map(\.deadline).min())
    }
  }
}
