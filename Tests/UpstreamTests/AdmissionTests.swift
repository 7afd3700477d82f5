import TestSupport
import Testing

@testable import Upstream

@Suite("Who runs and who waits")
struct AdmissionTests {
  /// Answers of `arrive`, without the pair's labels in the way.
  private func arrive(
    _ admission: inout Admission, _ ticket: Int, _ host: String, with claim: Admission.Claim? = nil
  ) -> Admission.Verdict {
    let (verdict, served) = admission.arrive(ticket, host: host, with: claim)
    #expect(served.isEmpty)
    return verdict
  }

  private func reserve(_ admission: inout Admission, _ host: String?) throws -> Admission.Claim {
    let claim = admission.reserve(host: host)
    return try #require(claim)
  }

  private func bounds(_ all: Int, _ host: Int, queue: Int = 100, hostQueue: Int = 100) -> UpstreamBounds {
    UpstreamBounds(maxTransfers: all, maxTransfersPerHost: host, maxQueued: queue, maxQueuedPerHost: hostQueue)
  }

  @Test func withinAHostFirstComeFirstServed() {
    var admission = Admission(bounds(10, 1))
    #expect(arrive(&admission, 1, "a") == .runs)
    for ticket in 2...4 { #expect(arrive(&admission, ticket, "a") == .waits) }
    for ticket in 2...4 { #expect(admission.leave(host: "a") == [ticket]) }
    #expect(admission.leave(host: "a").isEmpty)
    #expect((admission.running, admission.queued, admission.hostCount) == (0, 0, 0))
  }

  @Test func betweenHostsInTurns() {
    var admission = Admission(bounds(1, 10))
    #expect(arrive(&admission, 0, "x") == .runs)
    for ticket in 1...3 { #expect(arrive(&admission, ticket, "a") == .waits) }
    for ticket in 11...12 { #expect(arrive(&admission, ticket, "b") == .waits) }
    #expect(arrive(&admission, 21, "c") == .waits)
    var order: [Int] = []
    var host = "x"
    while let next = admission.leave(host: host).first {
      order.append(next)
      host = next > 20 ? "c" : next > 10 ? "b" : "a"
    }
    #expect(order == [1, 11, 21, 2, 12, 3])
  }

  @Test func aFullHostHoldsUpOnlyItsOwn() {
    var admission = Admission(bounds(3, 1))
    #expect(arrive(&admission, 1, "a") == .runs)
    #expect(arrive(&admission, 2, "a") == .waits)
    #expect(arrive(&admission, 3, "b") == .runs)
    #expect(arrive(&admission, 4, "c") == .runs)
    #expect(arrive(&admission, 5, "d") == .waits)
    // The place of b goes past a's queue, which came earlier, to d.
    #expect(admission.leave(host: "b") == [5])
    #expect(admission.leave(host: "a") == [2])
  }

  @Test func theQueueIsBounded() {
    var admission = Admission(bounds(2, 1, queue: 3, hostQueue: 2))
    #expect(arrive(&admission, 1, "a") == .runs)
    #expect(arrive(&admission, 2, "a") == .waits)
    #expect(arrive(&admission, 3, "a") == .waits)
    #expect(arrive(&admission, 4, "a") == .refused)  // its host's queue is full
    #expect(arrive(&admission, 5, "b") == .runs)
    #expect(arrive(&admission, 6, "b") == .waits)
    #expect(arrive(&admission, 7, "c") == .refused)  // the queue is full
    #expect(admission.refused == 2)
    #expect((admission.running, admission.queued) == (2, 3))
  }

  @Test func withoutAQueueNobodyWaits() {
    var admission = Admission(bounds(1, 1, queue: 0))
    #expect(arrive(&admission, 1, "a") == .runs)
    #expect(arrive(&admission, 2, "b") == .refused)
    #expect(admission.leave(host: "a").isEmpty)
    #expect(arrive(&admission, 3, "b") == .runs)
  }

  @Test func oneThatGivesUpMakesRoomInTheQueueOnly() {
    var admission = Admission(bounds(1, 1, queue: 2))
    #expect(arrive(&admission, 1, "a") == .runs)
    #expect(arrive(&admission, 2, "b") == .waits)
    #expect(arrive(&admission, 3, "b") == .waits)
    let first = admission.abandon(2, host: "b")
    let again = admission.abandon(2, host: "b")
    let running = admission.abandon(1, host: "a")
    #expect((first, again, running) == (true, false, false))
    #expect(arrive(&admission, 4, "c") == .waits)
    #expect(admission.leave(host: "a") == [3])
    let served = admission.abandon(3, host: "b")
    #expect(!served)
    #expect(admission.leave(host: "b") == [4])
  }

  @Test func aHostThatGaveUpGetsNoTurnTwice() {
    var admission = Admission(bounds(1, 10))
    #expect(arrive(&admission, 0, "x") == .runs)
    for ticket in 1...100 {
      #expect(arrive(&admission, ticket, "a") == .waits)
      let gone = admission.abandon(ticket, host: "a")
      #expect(gone)
    }
    #expect(arrive(&admission, 101, "b") == .waits)
    for ticket in 102...103 { #expect(arrive(&admission, ticket, "a") == .waits) }
    #expect(arrive(&admission, 104, "b") == .waits)
    #expect(admission.leave(host: "x") == [101])
    #expect(admission.leave(host: "b") == [102])
    #expect(admission.leave(host: "a") == [104])
    #expect(admission.leave(host: "b") == [103])
  }

  // MARK: reserved places

  @Test func aReservedPlaceCounts() throws {
    var admission = Admission(bounds(2, 1, queue: 0))
    let known = try reserve(&admission, "a")
    let sameHost = admission.reserve(host: "a")
    #expect(sameHost == nil)
    let any = try reserve(&admission, nil)
    let none = admission.reserve(host: nil)
    #expect(none == nil)
    #expect(admission.refused == 2)
    #expect(arrive(&admission, 1, "c") == .refused)
    #expect(arrive(&admission, 2, "a", with: known) == .runs)
    #expect(arrive(&admission, 3, "b", with: any) == .runs)
    #expect(admission.running == 2)
    #expect(admission.leave(host: "a").isEmpty)
    #expect(admission.leave(host: "b").isEmpty)
    #expect(admission.hostCount == 0)
  }

  @Test func aReservedPlaceInTheQueueCountsThere() throws {
    var admission = Admission(bounds(1, 1, queue: 2, hostQueue: 1))
    #expect(arrive(&admission, 1, "a") == .runs)
    let claim = try reserve(&admission, "a")
    #expect(!claim.runs)
    #expect(arrive(&admission, 2, "a") == .refused)
    #expect(arrive(&admission, 3, "b") == .waits)
    let full = admission.reserve(host: nil)
    #expect(full == nil)
    #expect(arrive(&admission, 4, "a", with: claim) == .waits)
    #expect(admission.queued == 2)
    #expect(admission.leave(host: "a") == [3])
    #expect(admission.leave(host: "b") == [4])
  }

  @Test func aPlaceInTheQueueRunsIfThereIsRoomByNow() throws {
    var admission = Admission(bounds(1, 1, queue: 1))
    #expect(arrive(&admission, 1, "a") == .runs)
    let claim = try reserve(&admission, "a")
    #expect(admission.leave(host: "a").isEmpty)
    #expect(arrive(&admission, 2, "a", with: claim) == .runs)
    #expect((admission.running, admission.queued) == (1, 0))
  }

  @Test func aPlaceThatIsGivenBackServesTheNext() throws {
    var admission = Admission(bounds(1, 1))
    let claim = try reserve(&admission, "a")
    #expect(arrive(&admission, 1, "b") == .waits)
    #expect(admission.giveBack(claim) == [1])
    #expect(admission.hostCount == 1)
  }

  @Test func aPlaceMovesToTheRealHost() throws {
    var admission = Admission(bounds(10, 1))
    let claim = try reserve(&admission, "a")
    #expect(arrive(&admission, 1, "a") == .waits)
    let (verdict, served) = admission.arrive(2, host: "b", with: claim)
    #expect(verdict == .runs)
    #expect(served == [1])  // what the place held up at the wrong host
    #expect(admission.running == 2)
  }

  @Test func aPlaceForAnyHostWaitsForItsHost() throws {
    var admission = Admission(bounds(2, 1, queue: 5, hostQueue: 1))
    #expect(arrive(&admission, 1, "a") == .runs)
    let first = try reserve(&admission, nil)
    #expect(first.runs)
    #expect(arrive(&admission, 2, "b") == .waits)
    let (verdict, served) = admission.arrive(3, host: "a", with: first)
    #expect(verdict == .waits)
    #expect(served == [2])  // its place is free meanwhile
    let second = try reserve(&admission, nil)
    #expect(arrive(&admission, 4, "a", with: second) == .refused)  // its host's queue is full
    #expect((admission.running, admission.queued) == (2, 1))
  }

  // MARK: other bounds

  @Test func widerBoundsServeAtOnce() {
    var admission = Admission(bounds(1, 1))
    #expect(arrive(&admission, 1, "a") == .runs)
    for ticket in 2...4 { #expect(arrive(&admission, ticket, "a") == .waits) }
    #expect(admission.replace(bounds(10, 3)) == [2, 3])
    #expect(admission.replace(bounds(10, 10)) == [4])
  }

  @Test func narrowerBoundsSendNobodyAwayAndKeepPromises() throws {
    var admission = Admission(bounds(3, 3, queue: 2))
    for ticket in 1...2 { #expect(arrive(&admission, ticket, "a") == .runs) }
    let runs = try reserve(&admission, "a")
    let waits = try reserve(&admission, "a")
    #expect(arrive(&admission, 3, "a") == .waits)
    #expect(admission.replace(bounds(1, 1, queue: 0)).isEmpty)
    #expect(arrive(&admission, 4, "a", with: runs) == .runs)
    #expect(arrive(&admission, 5, "a", with: waits) == .waits)
    #expect(arrive(&admission, 6, "b") == .refused)
    for _ in 1...2 { #expect(admission.leave(host: "a").isEmpty) }
    #expect(admission.leave(host: "a") == [3])
    #expect(admission.leave(host: "a") == [5])
  }

  /// Whatever comes in whatever order: the bounds hold, nobody waits who could run, and in the end nothing is left.
  @Test(arguments: 1...20 as ClosedRange<UInt64>)
  func theBoundsAlwaysHold(seed: UInt64) {
    var random = SplitMix(seed: seed)
    func below(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &random) }
    let limits = bounds(5, 2, queue: 6, hostQueue: 3)
    var admission = Admission(limits)
    var running: [String: Int] = [:]
    var waiting: [(ticket: Int, host: String)] = []
    var claims: [Admission.Claim] = []
    var last = 0

    func serve(_ tickets: [Int]) {
      for ticket in tickets {
        guard let index = waiting.firstIndex(where: { $0.ticket == ticket }) else {
          Issue.record("served one that does not wait")
          continue
        }
        running[waiting.remove(at: index).host, default: 0] += 1
      }
    }

    for _ in 0..<2_000 {
      let host = ["a", "b", "c", "d"][below(4)]
      switch below(6) {
      case 0, 1:
        last += 1
        let claim = claims.isEmpty || below(2) == 0 ? nil : claims.remove(at: below(claims.count))
        let (verdict, served) = admission.arrive(last, host: host, with: claim)
        if verdict == .runs { running[host, default: 0] += 1 }
        if verdict == .waits { waiting.append((last, host)) }
        if verdict == .refused { #expect(claim == nil || claim?.host != host) }
        serve(served)
      case 2:
        if let claim = admission.reserve(host: below(2) == 0 ? nil : host) { claims.append(claim) }
      case 3:
        if !claims.isEmpty { serve(admission.giveBack(claims.remove(at: below(claims.count)))) }
      case 4:
        if let busy = running.keys.sorted().first(where: { running[$0, default: 0] > 0 }) {
          running[busy, default: 0] -= 1
          serve(admission.leave(host: busy))
        }
      default:
        if !waiting.isEmpty {
          let one = waiting.remove(at: below(waiting.count))
          let gone = admission.abandon(one.ticket, host: one.host)
          #expect(gone)
        }
      }
      let reserved = claims.filter(\.runs)
      #expect(admission.running == running.values.reduce(0, +) + reserved.count)
      #expect(admission.queued == waiting.count + claims.count - reserved.count)
      #expect(admission.running <= 5 && admission.queued <= 6)
      for host in ["a", "b", "c", "d"] {
        let here = running[host, default: 0] + reserved.filter { $0.host == host }.count
        #expect(here <= 2)
        let waits = waiting.contains { $0.host == host }
        #expect(!waits || here == 2 || admission.running == 5)
      }
    }
    for claim in claims { serve(admission.giveBack(claim)) }
    while let busy = running.keys.sorted().first(where: { running[$0, default: 0] > 0 }) {
      running[busy, default: 0] -= 1
      serve(admission.leave(host: busy))
    }
    #expect(waiting.isEmpty)
    #expect((admission.running, admission.queued, admission.hostCount) == (0, 0, 0))
  }
}
