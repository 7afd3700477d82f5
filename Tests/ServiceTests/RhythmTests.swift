import EventLoop
import Testing

@testable import Service

@Suite struct RhythmTests {
  @Test func oneBeatIsNoRhythm() {
    var rhythm = Rhythm()
    #expect(rhythm.rate == nil)
    rhythm.beat(at: Instant(nanoseconds: 5_000_000_000))
    #expect(rhythm.rate == nil)
  }

  @Test func evenBeatsAreTheirRate() throws {
    var rhythm = Rhythm()
    for beat in 0..<10 { rhythm.beat(at: Instant(nanoseconds: UInt64(beat) * 50_000_000)) }
    #expect(abs(try #require(rhythm.rate) - 20) < 0.01)
  }

  @Test func itFollowsAStreamThatSlowsDown() throws {
    var rhythm = Rhythm()
    var now: UInt64 = 0
    for _ in 0..<10 {
      now += 10_000_000
      rhythm.beat(at: Instant(nanoseconds: now))
    }
    for _ in 0..<30 {
      now += 1_000_000_000
      rhythm.beat(at: Instant(nanoseconds: now))
    }
    #expect(abs(try #require(rhythm.rate) - 1) < 0.01)
  }
}
