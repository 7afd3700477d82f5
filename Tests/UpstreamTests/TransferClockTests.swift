import EventLoop
import Testing

@testable import Upstream

@Suite("The clock of a transfer")
struct TransferClockTests {
  private let limits = UpstreamRequest.Limits(connect: 10, firstByte: 20, firstToken: 50, idle: 30)

  private func at(_ milliseconds: UInt64) -> Instant { Instant(nanoseconds: milliseconds * 1_000_000) }

  private func clock(_ limits: UpstreamRequest.Limits? = nil) -> TransferClock {
    TransferClock(limits ?? self.limits, queueTimeout: 5, start: at(0))
  }

  @Test func eachPhaseHasItsLimit() {
    var clock = clock()
    #expect(clock.overdue(at: at(4)) == nil)
    #expect(clock.overdue(at: at(5)) == .queueTimeout)
    clock.enter(.connecting, at: at(100))
    #expect(clock.overdue(at: at(109)) == nil)
    #expect(clock.overdue(at: at(110)) == .connectTimeout)
    clock.enter(.awaiting, at: at(105))
    #expect(clock.overdue(at: at(124)) == nil)
    #expect(clock.overdue(at: at(125)) == .firstByteTimeout)
    #expect(!clock.isAnswered)
    clock.enter(.answered, at: at(120))
    #expect(clock.isAnswered)
    #expect(clock.overdue(at: at(154)) == nil)
    #expect(clock.overdue(at: at(155)) == .firstTokenTimeout)  // from the request, not from the head
    let begins = clock.touch(at: at(150))
    #expect(begins)
    #expect(clock.overdue(at: at(179)) == nil)
    #expect(clock.overdue(at: at(180)) == .idleTimeout)
  }

  @Test func whereOthersWaitAPauseIsIdle() {
    var clock = TransferClock(limits, queueTimeout: 5, pausesAreIdle: true, start: at(0))
    clock.enter(.paused, at: at(100))
    #expect(clock.overdue(at: at(129)) == nil)
    #expect(clock.overdue(at: at(130)) == .idleTimeout)
  }

  @Test func theFirstTokenMayBeDueBeforeTheFirstByte() {
    var clock = clock(.init(firstByte: 20, firstToken: 15))
    clock.enter(.awaiting, at: at(0))
    #expect(clock.overdue(at: at(14)) == nil)
    #expect(clock.overdue(at: at(15)) == .firstTokenTimeout)
  }

  @Test func dataStartsTheIdleClockAnew() {
    var clock = clock()
    clock.enter(.awaiting, at: at(0))
    clock.enter(.answered, at: at(0))
    let first = clock.touch(at: at(1))
    let second = clock.touch(at: at(29))
    #expect((first, second) == (true, false))
    #expect(clock.deadline == at(59))
    #expect(clock.overdue(at: at(58)) == nil)
  }

  @Test func aPauseIsNeverOverdue() {
    var clock = clock()
    clock.enter(.paused, at: at(0))
    #expect(clock.deadline == .distantFuture)
    #expect(clock.overdue(at: at(1_000_000)) == nil)
    clock.enter(.receiving, at: at(500))
    #expect(clock.deadline == at(530))
  }

  @Test func theTotalLimitRunsFromTheEndOfTheQueueThroughAllPhases() {
    var clock = clock(.init(connect: 1_000, firstByte: 1_000, firstToken: 1_000, idle: 1_000, total: 100))
    #expect(clock.overdue(at: at(5)) == .queueTimeout)
    clock.enter(.connecting, at: at(50))
    for phase in [TransferClock.Phase.connecting, .awaiting, .answered, .receiving, .paused] {
      if phase != .connecting { clock.enter(phase, at: at(60)) }
      #expect(clock.deadline == at(150))
      #expect(clock.overdue(at: at(149)) == nil)
      #expect(clock.overdue(at: at(150)) == .totalTimeout)
    }
  }

  @Test func theFirstOfTwoLimitsCounts() {
    var clock = clock(.init(connect: 10, total: 100))
    clock.enter(.connecting, at: at(0))
    #expect(clock.overdue(at: at(1_000)) == .connectTimeout)
  }
}
