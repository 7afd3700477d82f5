import Providers
import Testing

@Suite struct EchoTests {
  @Test func itSaysWhatItWasTold() throws {
    let call = try DriverCase.call()
    #expect(EchoDriver().ownAnswer(to: call) == "And now?")
    #expect(OpenAIDriver().ownAnswer(to: call) == nil)
    #expect(throws: ProviderError.self) { try EchoDriver().wholeRequest(for: call, at: 0) }
  }
}
