import EventLoop
import SQL
import Testing

@testable import Store

@Suite struct TransactionQueueTests {
  private static let gone = StoreError(.lost, cause: "gone")
  private static let now = Instant(nanoseconds: 1_000_000_000)

  private func transaction(deadline: UInt64 = 100) -> Transaction {
    Transaction(queries: [], completion: { _ in }, deadline: Instant(nanoseconds: deadline))
  }

  /// The connection that took one; nil if it waits or was refused.
  private func link(_ placement: TransactionQueue.Placement) -> Int? {
    if case .assigned(let link, _) = placement { link } else { nil }
  }

  private func refusal(_ placement: TransactionQueue.Placement) -> StoreError.Code? {
    if case .refused(let error) = placement { error.code } else { nil }
  }

  @Test func `the least loaded connection takes it, among equals the caller's own loop`() {
    var queue = TransactionQueue(loops: [0, 1], depth: 2, bound: 8)
    _ = queue.connected(0, at: Self.now)
    _ = queue.connected(1, at: Self.now)
    let taken = (0..<4).map { _ in link(queue.place(transaction(), on: 1)) }
    #expect(taken == [1, 0, 1, 0])
    #expect(link(queue.place(transaction(), on: 1)) == nil)
    #expect(queue.inFlight == 4 && queue.waitingCount == 1)
  }

  @Test func `those who wait go to the first connection that is free, up to its depth`() {
    var queue = TransactionQueue(loops: [0], depth: 2, bound: 8)
    for deadline in 1...4 { _ = queue.place(transaction(deadline: UInt64(deadline)), on: nil) }
    let (life, first, _) = queue.connected(0, at: Self.now)
    #expect(first.map(\.deadline.nanoseconds) == [1, 2])
    #expect(queue.finished(0, life: life)?.deadline.nanoseconds == 3)
    #expect(queue.inFlight == 2)
    _ = queue.finished(0, life: life)
    #expect(queue.finished(0, life: life) == nil)
    #expect(queue.finished(0, life: life) == nil)
    #expect(queue.inFlight == 0)
  }

  @Test func `the bound refuses, but never one that comes back`() {
    var queue = TransactionQueue(loops: [0], depth: 1, bound: 1)
    _ = queue.place(transaction(deadline: 2), on: nil)
    #expect(refusal(queue.place(transaction(), on: nil)) == .queueFull)
    #expect(refusal(queue.place(transaction(deadline: 1), on: nil, again: true)) == nil)
    #expect(queue.connected(0, at: Self.now).transactions.map(\.deadline.nanoseconds) == [1])
  }

  @Test func `a former life of a connection counts for nothing`() {
    var queue = TransactionQueue(loops: [0], depth: 4, bound: 4)
    let old = queue.connected(0, at: Self.now).life
    _ = queue.place(transaction(), on: nil)
    _ = queue.disconnected(0, Self.gone, at: Self.now)
    #expect(queue.ready == 0 && queue.inFlight == 0 && queue.lastFailure == Self.gone)
    let new = queue.connected(0, at: Self.now).life
    _ = queue.place(transaction(), on: nil)
    #expect(queue.finished(0, life: old) == nil)
    #expect(queue.inFlight == 1 && new != old && queue.lastFailure == nil)
  }

  @Test func `those who waited too long leave, the others are told when`() {
    var queue = TransactionQueue(loops: [0], depth: 1, bound: 8)
    for deadline in [1, 2, 9] { _ = queue.place(transaction(deadline: UInt64(deadline)), on: nil) }
    let (expired, next) = queue.expire(Instant(nanoseconds: 2))
    #expect(expired.count == 2 && next == Instant(nanoseconds: 9) && queue.waitingCount == 1)
  }

  @Test func `closing lets all go and takes no more`() {
    var queue = TransactionQueue(loops: [0], depth: 1, bound: 8)
    _ = queue.place(transaction(), on: nil)
    #expect(queue.close().count == 1)
    #expect(refusal(queue.place(transaction(), on: nil)) == .unavailable)
  }

  @Test func `the last one that goes is told, and the first that comes, with the time between`() {
    var queue = TransactionQueue(loops: [0, 1], depth: 2, bound: 8)
    for link in 0...1 { #expect(queue.connected(link, at: Self.now).reach == nil) }
    #expect(queue.disconnected(0, Self.gone, at: Self.now) == nil)
    #expect(queue.disconnected(1, Self.gone, at: Self.now) == .lost(Self.gone))
    // Attempts that fail are no news.
    #expect(queue.disconnected(0, Self.gone, at: Self.now) == nil)
    let later = Self.now.advanced(milliseconds: 9_000)
    #expect(queue.connected(1, at: later).reach == .back(after: 9_000))
    #expect(queue.connected(0, at: later).reach == nil)
    #expect(queue.disconnected(0, Self.gone, at: later) == nil)
    #expect(queue.disconnected(1, Self.gone, at: later) == .lost(Self.gone))
  }

  @Test func `neither a first attempt nor a renewal nor the end is a loss`() {
    var queue = TransactionQueue(loops: [0], depth: 2, bound: 8)
    #expect(queue.disconnected(0, Self.gone, at: Self.now) == nil)
    #expect(queue.connected(0, at: Self.now).reach == nil)
    #expect(queue.disconnected(0, Self.gone, renews: true, at: Self.now) == nil)
    #expect(queue.connected(0, at: Self.now).reach == nil)
    // A renewal that does not succeed is one.
    #expect(queue.disconnected(0, Self.gone, renews: true, at: Self.now) == nil)
    #expect(queue.disconnected(0, Self.gone, at: Self.now) == .lost(Self.gone))
    #expect(queue.connected(0, at: Self.now).reach == .back(after: 0))
    _ = queue.close()
    #expect(queue.disconnected(0, Self.gone, at: Self.now) == nil)
  }
}
