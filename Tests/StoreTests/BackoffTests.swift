import Testing

@testable import Store

@Suite struct BackoffTests {
  @Test func `pauses double up to the longest, jittered within their upper half, and start over after a success`() {
    var backoff = Backoff(20...100)
    var random = SystemRandomNumberGenerator()
    for ceiling in [20, 40, 80, 100, 100] {
      #expect((ceiling / 2...ceiling).contains(backoff.next(using: &random)))
    }
    backoff.reset()
    #expect((10...20).contains(backoff.next(using: &random)))
  }
}
