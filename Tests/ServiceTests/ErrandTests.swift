import Synchronization
import Testing

@testable import Service

@Suite struct ErrandTests {
  @Test func oneIsUnderWayAtATimeAndTheNextBeginsAfterItsEnd() {
    let begun = Mutex<[@Sendable () -> Void]>([])
    let errand = Errand { done in begun.withLock { $0.append(done) } }
    for _ in 1...5 { errand.run() }
    #expect(begun.withLock { $0.count } == 1)
    begun.withLock { $0[0] }()
    for _ in 1...5 { errand.run() }
    #expect(begun.withLock { $0.count } == 2)
  }
}
