import Chat
import EventLoop
import Logging
import Store
import Testing

@testable import Service

@Suite final class AccessMemoryTests {
  private let loop: EventLoop
  private let meters: Meters
  private let memory: AccessMemory
  private let log = LogRecorder()
  private let now = Instant.now()
  private let anna = ID(high: 1, low: 1)
  private let ben = ID(high: 1, low: 2)

  init() throws {
    loop = try EventLoop(name: "test")
    meters = Meters(lanes: Lanes(loops: [loop]))
    let database = try Database(loops: [loop], conninfo: "host=/nonexistent", settings: DatabaseSettings())
    memory = AccessMemory(store: RevocationStore(database), meters: meters, log: log.log)
  }

  @Test func whatIsNewIsAddedAndWhatIsGoneIsForgottenWithAWholeReading() {
    memory.learn([.identity(anna, through: nil)], [], isWhole: true, at: now)
    memory.learn([.token("t")], [], isWhole: false, at: now)
    #expect(memory.judge(anna, issued: 1) == nil)
    #expect(memory.judge(ben, issued: 1, jti: "t") == nil)
    #expect(memory.refusesAny && memory.gauges().revocations == 2)
    memory.learn([.token("t")], [], isWhole: true, at: now)
    #expect(memory.judge(anna, issued: 1) == anna)
    memory.learn([], [], isWhole: true, at: now)
    #expect(memory.judge(ben, issued: 1, jti: "t") == ben)
    #expect(!memory.refusesAny)
  }

  @Test func aMergeOfThisNodeOutlivesAReadingThatHadNotSeenIt() {
    memory.note(anna, became: ben)
    memory.learn([], [], isWhole: true, at: now)
    #expect(memory.now(anna) == ben && memory.judge(anna, issued: 1) == ben)
    #expect(!memory.refusesAny && memory.gauges().merges == 1)
  }

  @Test func aKeyIsRefusedByABlockAloneOrWithItsService() {
    memory.learn([.identity(anna, through: 2_000_000_000)], [], isWhole: true, at: now)
    #expect(memory.judge(Credential(identity: anna)) == anna)
    #expect(memory.judge(Credential(identity: anna, issued: 2_000_000_005)) == nil)
    #expect(memory.judge(Credential(identity: anna, issued: 2_000_000_006)) == anna)
    memory.learn([.identity(anna, through: nil)], [], isWhole: false, at: now)
    #expect(memory.judge(Credential(identity: anna)) == nil)
    #expect(memory.judge(Credential(identity: ben, service: anna)) == nil)
    #expect(memory.judge(Credential(identity: ben, service: ID.fresh())) == ben)
  }

  @Test func itIsCurrentForAsLongAsIsPromised() {
    #expect(!memory.isCurrent(at: now) && memory.gauges(at: now).age == nil)
    memory.learn([], [], isWhole: true, at: now)
    #expect(memory.isCurrent(at: now.advanced(milliseconds: 5_000)))
    #expect(!memory.isCurrent(at: now.advanced(milliseconds: 5_001)))
    #expect(memory.gauges(at: now.advanced(milliseconds: 7_000)).age == 7_000)
  }

  @Test func aBoundThatIsHitIsToldAndKeepsTheNewest() {
    let many = (0...AccessMemory.limit).map { RevocationStore.Revocation.token("\($0)") }
    memory.learn(many, [], isWhole: true, at: now)
    #expect(memory.gauges().revocations == AccessMemory.limit)
    #expect(memory.judge(anna, issued: 1, jti: "0") == nil)
    #expect(memory.judge(anna, issued: 1, jti: "\(AccessMemory.limit)") == anna)
    #expect(meters.bounds.value(.revocations) == 1)
    #expect(log.take().map(\.level) == [.error])
  }
}
