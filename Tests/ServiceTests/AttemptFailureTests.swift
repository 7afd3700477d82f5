import Providers
import Testing

@testable import Service

@Suite struct AttemptFailureTests {
  /// A header of a provider may hold any number.
  @Test(arguments: [(Int.max, 86_400_000), (Int.min, 0), (3, 3_000)])
  func whatAProviderAsksForIsBounded(seconds: Int, milliseconds: Int) {
    let error = ProviderError(.rateLimited, cause: "", status: 429, retryAfterSeconds: seconds)
    #expect(AttemptFailure(error).retryAfter == milliseconds)
  }
}
