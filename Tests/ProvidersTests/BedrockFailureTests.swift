import Providers
import TestSupport
import Testing

/// Errors as Amazon documents them (API_runtime_ConverseStream, Errors), within a stream and as an answer.
@Suite struct BedrockFailureTests {
  static let exceptions: [(name: String, status: Int, message: String, code: ProviderError.Code)] = [
    ("accessDeniedException", 403, "You don't have access to the model", .unauthorized),
    ("internalServerException", 500, "x", .failed),
    ("modelErrorException", 424, "x", .failed),
    ("modelNotReadyException", 429, "x", .overloaded),
    ("modelStreamErrorException", 424, "x", .failed),
    ("modelTimeoutException", 408, "x", .failed),
    ("resourceNotFoundException", 404, "x", .refused),
    ("serviceQuotaExceededException", 400, "x", .quotaExceeded),
    ("serviceUnavailableException", 503, "x", .overloaded),
    ("throttlingException", 429, "Too many tokens", .rateLimited),
    ("validationException", 400, "The model ID is invalid", .refused),
    ("validationException", 400, "Input is too long for requested model.", .contextTooLong),
  ]

  @Test(arguments: exceptions)
  func saysWhatAnExceptionMeans(name: String, status: Int, message: String, code: ProviderError.Code) {
    let frame = EventStreamFrame(
      [(":exception-type", name), (":message-type", "exception")], payload: Array(#"{"message":"\#(message)"}"#.utf8))
    let error = Self.error(of: frame.bytes)
    #expect(error?.code == code)
    #expect(error?.status == status)
    #expect(error?.cause.contains(name.lowercased()) == true)
    let body = Array(#"{"__type":"\#(name)","message":"\#(message)"}"#.utf8)
    let answer = body.withUnsafeBytes { BedrockDriver().failure(status: status, retryAfter: 2, body: $0) }
    #expect(answer.code == code && answer.retryAfterSeconds == 2)
  }

  @Test func theModelsOwnWordsAreInTheCause() {
    let frame = EventStreamFrame(
      [(":exception-type", "modelStreamErrorException"), (":message-type", "exception")],
      payload: Array(#"{"message":"failed","originalStatusCode":500,"originalMessage":"boom"}"#.utf8))
    #expect(Self.error(of: frame.bytes)?.cause == "status 424, modelstreamerrorexception, failed: boom")
  }

  @Test(arguments: ["", "no JSON", "[]"])
  func anExceptionWithoutAMessageIsOneToo(payload: String) {
    let frame = EventStreamFrame(
      [(":message-type", "exception"), (":exception-type", "futureException")], payload: Array(payload.utf8))
    #expect(Self.error(of: frame.bytes)?.code == .failed)
  }

  private static func error(of bytes: [UInt8]) -> ProviderError? {
    var decoder = BedrockDriver().decoder(streaming: true)
    var sink = Transcript()
    do throws(ProviderError) {
      try bytes.span.withUnsafeBytes { (bytes) throws(ProviderError) in try decoder.feed(bytes, to: &sink) }
    } catch {
      return error
    }
    return nil
  }
}
