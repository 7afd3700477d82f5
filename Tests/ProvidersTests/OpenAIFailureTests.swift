import Chat
import Providers
import Testing

@Suite struct OpenAIFailureTests {
  static func failure(_ status: Int, _ body: String, retryAfter: Int? = nil) -> ProviderError {
    Array(body.utf8).withUnsafeBytes { OpenAIDriver().failure(status: status, retryAfter: retryAfter, body: $0) }
  }

  static let answers: [(status: Int, body: String, code: ProviderError.Code)] = [
    (400, #"{"error":{"type":"invalid_request_error","code":"context_length_exceeded"}}"#, .contextTooLong),
    (400, #"{"error":{"code":400,"message":"too big","type":"exceed_context_size_error"}}"#, .contextTooLong),
    (400, #"{"object":"error","message":"This model's maximum context length is 9","code":400}"#, .contextTooLong),
    (400, #"{"error":{"message":"filtered","type":null,"code":"content_filter"}}"#, .contentFiltered),
    (400, #"{"error":{"message":"bad","type":"invalid_request_error","code":null}}"#, .refused),
    (404, #"{"error":{"message":"no","code":"model_not_found"}}"#, .refused),
    (422, #"{"detail":[{"msg":"field required"}]}"#, .refused),
    (401, #"{"error":{"message":"Incorrect API key: sk-leak","code":"invalid_api_key"}}"#, .unauthorized),
    (403, "", .unauthorized),
    (429, #"{"error":{"message":"slow","type":"requests","code":"rate_limit_exceeded"}}"#, .rateLimited),
    (429, #"{"error":{"message":"pay","code":"insufficient_quota"}}"#, .quotaExceeded),
    (402, #"{"error":{"message":"credits","code":402}}"#, .quotaExceeded),
    (503, "<html>", .overloaded),
    (529, #"{"error":{"type":"overloaded_error"}}"#, .overloaded),
    (500, #"{"error":{"message":"boom","type":"server_error"}}"#, .failed),
    (502, "\u{FF}\0", .failed),
    (302, "", .failed),
    (500, #"{"error":"text"}"#, .failed),
    (500, "[1]", .failed),
    (500, #"{"error":[]}"#, .failed),
  ]

  @Test(arguments: answers)
  func saysWhatTheAnswerMeans(status: Int, body: String, code: ProviderError.Code) {
    let error = Self.failure(status, body, retryAfter: 3)
    #expect(error.code == code)
    #expect(error.status == status)
    #expect(error.retryAfterSeconds == 3)
    #expect(!error.cause.contains("sk-leak"))
  }

  @Test func clientsSeeNothingOfTheBody() {
    let error = Self.failure(500, #"{"error":{"message":"gpt-4 at host-7 said no","type":"server_error"}}"#)
    #expect(error.turnError.code == "upstream_error")
    #expect(error.turnError.retryable)
    #expect(!error.turnError.message.contains("gpt"))
    #expect(error.cause == "status 500, server_error, gpt-4 at host-7 said no")
  }

  @Test func theCauseIsOneBoundedLine() {
    let error = Self.failure(500, String(repeating: "é\n", count: 40_000))
    #expect(error.cause.utf8.count <= 500)
    #expect(error.cause.utf8.count > 490)
    #expect(!error.cause.contains("\n"))
  }

  @Test func everyCodeHasAMessage() {
    for code in ProviderError.Code.allCases {
      #expect(!ProviderError(code, cause: "").message.isEmpty)
    }
  }
}
