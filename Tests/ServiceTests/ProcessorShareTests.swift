import EventLoop
import Testing

@testable import Service

@Suite struct ProcessorShareTests {
  @Test func itIsAShareOfThoseThatMayBeUsed() {
    #expect(ProcessorShare.count >= 1)
    var share = ProcessorShare()
    let begun = Instant(nanoseconds: 1_000_000_000)
    #expect(share.look(at: begun) == 0)
    let now = Instant.now()
    while Instant.now() < now.advanced(milliseconds: 20) {}
    let used = share.look(at: begun.advanced(milliseconds: 1))
    #expect(used > 0 && used <= 1)
    #expect(share.look(at: begun) == 0)
  }
}
