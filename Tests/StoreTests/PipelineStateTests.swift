import EventLoop
import SQL
import Testing

@testable import Store

@Suite struct PipelineStateTests {
  private static let duplicate = StoreError(.refused(sqlstate: "23505", constraint: "turn_pkey"), cause: "duplicate")
  private static let unknownName = StoreError(.refused(sqlstate: "26000", constraint: nil), cause: "no such statement")
  private static let noTable = StoreError(.refused(sqlstate: "42P01", constraint: nil), cause: "no such table")
  private static let gone = StoreError(.lost, cause: "gone")

  /// A transaction of statements with these names.
  private func transaction(_ names: String..., deadline: UInt64 = 100) -> Transaction {
    Transaction(
      queries: names.map { Query(Statement(name: $0, text: "select 1")) }, completion: { _ in },
      deadline: Instant(nanoseconds: deadline))
  }

  /// Feeds replies and returns how each transaction that ended did: the number of its results, or its error.
  private func outcomes(_ state: inout PipelineState, _ replies: PipelineState.Reply...) -> [Result<Int, StoreError>] {
    replies.compactMap { reply in
      if case .complete(_, let result) = state.received(reply) { result.map(\.count) } else { nil }
    }
  }

  private let rows = PipelineState.Reply.rows(Rows(nil))

  @Test func `a statement is prepared once a connection, however often it is used`() {
    var state = PipelineState(prepares: true)
    #expect(state.begin(transaction("a", "b", "a")).map(\.name) == ["a", "b"])
    #expect(state.begin(transaction("b", "c")).map(\.name) == ["c"])
    _ = state.abandon(Self.gone, now: Instant(nanoseconds: 0))
    #expect(state.begin(transaction("a")).map(\.name) == ["a"])
  }

  @Test func `nothing is prepared in unnamed mode`() {
    var state = PipelineState(prepares: false)
    #expect(state.begin(transaction("a")).isEmpty)
  }

  @Test func `a transaction completes at its Sync with a result for each query`() {
    var state = PipelineState(prepares: false)
    _ = state.begin(transaction("a", "b"))
    _ = state.begin(transaction("c"))
    #expect(state.count == 2)
    #expect(outcomes(&state, rows, rows).isEmpty)
    #expect(outcomes(&state, .sync, rows, .sync) == [.success(2), .success(1)])
    #expect(state.isIdle)
  }

  @Test func `the first error is the transaction's, and the next transaction is untouched`() {
    var state = PipelineState(prepares: false)
    _ = state.begin(transaction("a", "b", "c"))
    _ = state.begin(transaction("a"))
    let ends = outcomes(&state, rows, .failed(Self.duplicate), .skipped, .sync, rows, .sync)
    #expect(ends == [.failure(Self.duplicate), .success(1)])
  }

  @Test func `an error at the Sync itself, when the commit fails, fails the transaction`() {
    var state = PipelineState(prepares: false)
    _ = state.begin(transaction("a"))
    #expect(outcomes(&state, rows, .failed(Self.duplicate), .sync) == [.failure(Self.duplicate)])
  }

  @Test func `a failed preparation is told to those that wait for it, and tried again by the next`() {
    var state = PipelineState(prepares: true)
    _ = state.begin(transaction("a"))
    _ = state.begin(transaction("a"))
    let first = outcomes(&state, .failed(Self.noTable), .sync, .failed(Self.unknownName), .sync)
    #expect(first == [.failure(Self.noTable)])
    #expect(state.begin(transaction("a")).map(\.name) == ["a"])
    #expect(outcomes(&state, .failed(Self.unknownName), .sync) == [.failure(Self.noTable)])
    #expect(outcomes(&state, rows, .sync, rows, .sync) == [.success(1)])
    #expect(!state.isWornOut)
  }

  @Test(arguments: ["26000", "0A000"])
  func `a connection that forgot its statements is worn out`(sqlstate: String) {
    var state = PipelineState(prepares: true)
    _ = state.begin(transaction("a"))
    #expect(outcomes(&state, rows, .sync, rows, .sync) == [.success(1)])
    _ = state.begin(transaction("a"))
    let error = StoreError(.refused(sqlstate: sqlstate, constraint: nil), cause: "")
    #expect(outcomes(&state, .failed(error), .sync) == [.failure(error)])
    #expect(state.isWornOut)
  }

  @Test func `a loss ends each transaction in flight once, the late ones as timed out`() {
    var state = PipelineState(prepares: true)
    _ = state.begin(transaction("a", deadline: 10))
    _ = state.begin(transaction("a", deadline: 20))
    #expect(state.deadline == Instant(nanoseconds: 10))
    let ended = state.abandon(Self.gone, now: Instant(nanoseconds: 10))
    #expect(ended.map(\.error.code) == [.timeout, .lost])
    #expect(state.isIdle && state.count == 0 && state.deadline == nil)
    #expect(state.abandon(Self.gone, now: Instant(nanoseconds: 10)).isEmpty)
  }

  @Test func `an error that came before the loss is a known outcome, a shutdown message is not`() {
    var state = PipelineState(prepares: false)
    _ = state.begin(transaction("a"))
    _ = state.begin(transaction("a"))
    _ = state.received(.failed(Self.duplicate))
    #expect(state.abandon(Self.gone, now: Instant(nanoseconds: 0)).map(\.error) == [Self.duplicate, Self.gone])

    _ = state.begin(transaction("a"))
    _ = state.received(.failed(StoreError(sqlstate: "57P01", constraint: nil, message: "shutdown")))
    #expect(state.abandon(Self.gone, now: Instant(nanoseconds: 0)).map(\.error) == [Self.gone])
  }
}
