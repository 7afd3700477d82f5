import Providers
import Testing

/// Errors as Anthropic documents them (platform.claude.com/docs/en/api/errors), as an answer and within one.
@Suite struct AnthropicFailureTests {
  static let errors: [(status: Int, type: String, message: String, code: ProviderError.Code)] = [
    (400, "invalid_request_error", "messages: at least one message is required", .refused),
    (400, "invalid_request_error", "prompt is too long: 208310 tokens > 200000 maximum", .contextTooLong),
    (
      400, "invalid_request_error", "input length and `max_tokens` exceed context limit: 188240 + 21333 > 200000",
      .contextTooLong
    ),
    (
      400, "invalid_request_error", "Your credit balance is too low to access the Anthropic API.", .quotaExceeded
    ),
    (401, "authentication_error", "invalid x-api-key", .unauthorized),
    (402, "billing_error", "Billing error", .quotaExceeded),
    (403, "permission_error", "Permission denied", .unauthorized),
    (404, "not_found_error", "model: claude-1", .refused),
    (413, "request_too_large", "Request exceeds the maximum size", .refused),
    (429, "rate_limit_error", "This request would exceed your rate limit.", .rateLimited),
    (500, "api_error", "Internal server error", .failed),
    (504, "timeout_error", "Request timeout", .failed),
    (529, "overloaded_error", "Overloaded", .overloaded),
  ]

  @Test(arguments: errors)
  func saysWhatTheErrorMeans(status: Int, type: String, message: String, code: ProviderError.Code) {
    let error = #"{"type":"error","error":{"type":"\#(type)","message":"\#(message)"},"request_id":"req_1"}"#
    let answer = Array(error.utf8).withUnsafeBytes {
      AnthropicDriver().failure(status: status, retryAfter: nil, body: $0)
    }
    #expect(answer.code == code && answer.status == status)
    let event = Array("event: error\ndata: \(error)\n\n".utf8)
    #expect(Transcript(of: AnthropicDriver(), streaming: true, [event[...]]).events == [.failure(code)])
  }
}
