import EventLoop
import Testing

@testable import Upstream

@Suite("The clock of a transfer")
struct TransferClockTests {
  private let limits = UpstreamRequest.Limits(connect: 10, firstByte: 20, idle: 30)

  private func at(_ milliseconds: UInt64) -> Instant { Instant(nanoseconds: milliseconds * 1_000_000) }

  @Test func eachPhaseHasItsLimit() {
    var clock = TransferClock(limits, start: at(0))
    #expect(clock.overdue(at: at(9)) == nil)
    #expect(clock.overdue(at: at(10)) == .connectTimeout)
    clock.enter(.awaiting, at: at(5))
    #expect(clock.overdue(at: at(24)) == nil)
    #expect(clock.overdue(at: at(25)) == .firstByteTimeout)
    #expect(!clock.isAnswered)
    clock.enter(.receiving, at: at(20))
    #expect(clock.isAnswered)
    #expect(clock.overdue(at: at(49)) == nil)
    #expect(clock.overdue(at: at(50)) == .idleTimeout)
  }

  @Test func dataStartsTheIdleClockAnew() {
    var clock = TransferClock(limits, start: at(0))
    clock.enter(.receiving, at: at(0))
    clock.touch(at: at(29))
    #expect(clock.deadline == at(59))
    #expect(clock.overdue(at: at(58)) == nil)
  }

  @Test func aPauseIsNeverOverdue() {
    var clock = TransferClock(limits, start: at(0))
    clock.enter(.paused, at: at(0))
    #expect(clock.deadline == .distantFuture)
    #expect(clock.overdue(at: at(1_000_000)) == nil)
    clock.enter(.receiving, at: at(500))
    #expect(clock.deadline == at(530))
  }
}
