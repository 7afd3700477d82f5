import Chat
import Store
import Testing
import Upstream

@testable import Service

@Suite struct MetersTests {
  private let meters = Meters(lanes: Lanes(loops: []))

  private func nonzero(_ values: [(label: String, value: UInt64)]) -> [String: UInt64] {
    Dictionary(uniqueKeysWithValues: values.filter { $0.value > 0 }.map { ($0.label, $0.value) })
  }

  @Test func labelsAreTheCasesInSnakeCase() {
    #expect(PollOutcome.allCases.map(\.text) == ["immediate", "woken", "hold_over", "refused", "abandoned"])
    #expect(DatabaseFailure.queueFull.text == "queue_full")
  }

  @Test func aTurnCountsByItsEnd() {
    meters.ended(Terminal(state: .done, usage: Usage(inputTokens: 7, outputTokens: 3, cachedTokens: 2)))
    meters.ended(Terminal(state: .cancelled))
    meters.ended(Terminal(state: .interrupted))
    meters.ended(Terminal(state: .error, error: TurnError(code: "upstream_timeout", message: "", retryable: true)))
    meters.ended(nil)
    #expect(
      nonzero(meters.turnsEnded.values) == ["done": 1, "cancelled": 1, "interrupted": 1, "error": 1, "lost": 1])
    #expect(nonzero(meters.turnErrors.values) == ["upstream_timeout": 1])
    #expect(nonzero(meters.modelTokens.values) == ["input": 7, "output": 3, "cached": 2])
    #expect(nonzero(meters.bounds.values).isEmpty)
  }

  @Test func aTurnThatABoundEndedCountsThere() {
    meters.ended(Terminal(state: .error, error: .tooLong))
    meters.ended(Terminal(state: .error, error: .timedOut))
    meters.ended(Terminal(state: .error, error: .toolCallTooLong))
    meters.ended(Terminal(state: .error, error: .toolRefused))
    #expect(nonzero(meters.bounds.values) == ["turn_log": 1, "turn_age": 1, "tool_calls": 1])
    #expect(
      nonzero(meters.turnErrors.values) == [
        "turn_too_long": 1, "turn_timeout": 1, "tool_call_too_long": 1, "tool_refused": 1,
      ])
  }

  @Test(arguments: Refusal.Code.allCases) func everyCodeOfARefusalHasItsSeries(_ code: Refusal.Code) {
    meters.refused(code)
    #expect(nonzero(meters.refusals.values) == [code.rawValue: 1])
  }

  @Test(arguments: TransferError.Code.allCases)
  func everyErrorOfATransferHasItsTurnErrorListed(_ code: TransferError.Code) {
    #expect(Codes.turns.contains(TransferError(code).turnError.code))
  }

  @Test func aTransactionCountsInItsPool() {
    let observe = meters.observer(of: .flusher)
    observe(2_000_000, nil)
    observe(1_000_000, StoreError(.queueFull, cause: ""))
    let meter = meters.databases[DatabasePool.flusher.rawValue]
    #expect(meter.duration.reading.cumulative.last == 2)
    #expect(meter.duration.reading.sum == 0.003)
    #expect(nonzero(meter.failures.values) == ["queue_full": 1])
    #expect(meters.databases[DatabasePool.common.rawValue].duration.reading.cumulative.last == 0)
  }
}
