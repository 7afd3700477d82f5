import EventLoop
import FrontDoor
import Logging
import Testing

@testable import Service

@Suite struct DialectWatchTests {
  private let recorder = LogRecorder()
  private let labels = ["unix:/run/f.sock", "scgi:unix:/run/s.sock"]

  private func gauges(_ reason: FrontDoor.Gauges.Reason, _ count: Int) -> FrontDoor.Gauges {
    var gauges = FrontDoor.Gauges()
    gauges.refusals[reason] = count
    return gauges
  }

  @Test(
    arguments: [
      (.fastCGIOnSCGI, "FastCGI to an SCGI", "fastcgi_pass", "scgi:unix:/run/s.sock"),
      (.scgiOnFastCGI, "SCGI to a FastCGI", "scgi_pass", "unix:/run/f.sock"),
    ] as [(FrontDoor.Gauges.Reason, String, String, String)])
  func aDialectTakenForTheOtherIsToldOnceAMinuteWithItsCause(
    reason: FrontDoor.Gauges.Reason, words: String, cause: String, listener: String
  ) {
    let watch = DialectWatch(log: recorder.log)
    let start = Instant.now()
    watch.look(at: gauges(reason, 0), of: labels, now: start)
    #expect(recorder.take().isEmpty)
    for second in 1...60 {
      watch.look(at: gauges(reason, second), of: labels, now: start.advanced(milliseconds: second * 1_000))
    }
    let first = recorder.take()
    #expect(first.map(\.level) == [.warning])
    #expect(first[0].message.contains(words))
    #expect(first[0].fields["likely_cause"]?.hasPrefix(cause) == true)
    #expect(first[0].fields["listeners"] == listener && first[0].fields["connections"] == "1")
    for second in 61...200 {
      watch.look(at: gauges(reason, 70), of: labels, now: start.advanced(milliseconds: second * 1_000))
    }
    // What came in the quiet minute is told after it; then nothing grows any more.
    #expect(recorder.take().map { $0.fields["connections"] } == ["69"])
  }

  @Test func whatIsSimplyBrokenIsNot() {
    let watch = DialectWatch(log: recorder.log)
    watch.look(at: gauges(.malformed, 5), of: labels)
    #expect(recorder.take().isEmpty)
  }
}
