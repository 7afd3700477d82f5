import Chat
import EventLoop
import Testing

@testable import Service

@Suite struct IdentityBudgetTests {
  private let start = Instant(nanoseconds: 1_000_000_000)

  @Test func `a burst is borne, then four times the pace, each identity by itself`() {
    let budget = IdentityBudget(pace: 200)
    let (hasty, patient) = (ID(high: 1, low: 1), ID(high: 1, low: 2))
    let burst = (0..<11).map { _ in budget.take(of: hasty, at: start) }
    #expect(burst == Array(repeating: nil, count: 10) + [50])
    #expect(budget.take(of: patient, at: start) == nil)
    #expect(budget.take(of: hasty, at: start.advanced(milliseconds: 49)) != nil)
    #expect(budget.take(of: hasty, at: start.advanced(milliseconds: 50)) == nil)
  }

  @Test func `so many identities are counted and no more`() {
    let budget = IdentityBudget(pace: 200)
    let first = ID(high: 0, low: 0)
    for _ in 0..<10 { _ = budget.take(of: first, at: start) }
    #expect(budget.take(of: first, at: start) != nil)
    for number in 1..<IdentityBudget.limit { _ = budget.take(of: ID(high: 0, low: UInt64(number)), at: start) }
    #expect(budget.take(of: first, at: start) == nil)
  }
}
