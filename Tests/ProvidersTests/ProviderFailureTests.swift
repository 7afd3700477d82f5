import Providers
import Testing

/// Errors as the documentation of providers other than OpenAI's chat completions shows them.
@Suite struct ProviderFailureTests {
  private static func failure(_ driver: some ProviderDriver, _ status: Int, _ body: String) -> ProviderError {
    Array(body.utf8).withUnsafeBytes { driver.failure(status: status, retryAfter: nil, body: $0) }
  }

  @Test(arguments: [
    (400, #"{"error":"\"llama2\" does not support tools"}"#, ProviderError.Code.refused),
    (400, #"{"error":"the input length exceeds the context length"}"#, .contextTooLong),
    (401, #"{"error":"unauthorized"}"#, .unauthorized),
    (404, #"{"error":"model 'x' not found"}"#, .refused),
    (429, #"{"error":"too many requests"}"#, .rateLimited),
    (503, #"{"error":"server busy, please try again. maximum pending requests exceeded"}"#, .overloaded),
    (500, #"{"error":"model requires more system memory"}"#, .failed),
  ])
  func ollamas(status: Int, body: String, code: ProviderError.Code) {
    #expect(Self.failure(OllamaDriver(), status, body).code == code)
  }

  @Test(arguments: [
    (
      400, #"{"error":{"message":"x","type":"invalid_request_error","param":"include","code":null}}"#,
      ProviderError.Code.refused
    ),
    (400, #"{"error":{"message":"x","type":"invalid_request_error","code":"invalid_prompt"}}"#, .refused),
    (400, #"{"error":{"message":"x","code":"context_length_exceeded"}}"#, .contextTooLong),
    (400, #"{"error":{"message":"x","code":"image_content_policy_violation"}}"#, .contentFiltered),
    (400, #"{"error":{"message":"x","code":"bio_policy"}}"#, .contentFiltered),
    (503, #"{"error":{"message":"Slow Down","type":"server_error"}}"#, .overloaded),
  ])
  func responses(status: Int, body: String, code: ProviderError.Code) {
    #expect(Self.failure(ResponsesDriver(), status, body).code == code)
  }

  @Test(arguments: [
    ("server_error", ProviderError.Code.failed), ("rate_limit_exceeded", .rateLimited), ("invalid_prompt", .refused),
    ("vector_store_timeout", .failed), ("invalid_base64_image", .refused), ("image_too_large", .refused),
    ("image_parse_error", .refused), ("image_content_policy_violation", .contentFiltered),
    ("image_file_too_large", .refused), ("unsupported_image_media_type", .refused), ("empty_image_file", .refused),
    ("failed_to_download_image", .refused), ("image_file_not_found", .refused), ("bio_policy", .contentFiltered),
    ("slow_down", .overloaded), ("server_is_overloaded", .overloaded),
  ])
  func whatMadeAResponseFail(name: String, code: ProviderError.Code) {
    let body = #"{"status":"failed","error":{"code":"\#(name)","message":"x"},"output":[]}"#
    let transcript = Transcript(of: ResponsesDriver(), streaming: false, [Array(body.utf8)[...]])
    #expect(transcript.events == [.failure(code)])
  }

  @Test(arguments: [
    (
      400, "INVALID_ARGUMENT", "The input token count (2) exceeds the maximum number of tokens allowed (1).", "",
      ProviderError.Code.contextTooLong
    ),
    (400, "INVALID_ARGUMENT", "API key not valid.", #"{"reason":"API_KEY_INVALID"}"#, .unauthorized),
    (400, "FAILED_PRECONDITION", "User location is not supported for the API use.", "", .refused),
    (403, "PERMISSION_DENIED", "x", #"{"reason":"SERVICE_DISABLED"}"#, .unauthorized),
    (404, "NOT_FOUND", "models/x is not found", "", .refused),
    (429, "RESOURCE_EXHAUSTED", "x", "", .rateLimited), (500, "INTERNAL", "x", "", .failed),
    (503, "UNAVAILABLE", "x", "", .overloaded), (504, "DEADLINE_EXCEEDED", "x", "", .failed),
  ])
  func geminis(status: Int, word: String, message: String, detail: String, code: ProviderError.Code) {
    let error =
      #"{"error":{"code":\#(status),"message":"\#(message)","status":"\#(word)","details":[\#(detail)]}}"#
    for body in [error, "[\(error)]"] { #expect(Self.failure(GeminiDriver(), status, body).code == code) }
  }

  @Test(arguments: [
    ("37s", 37), ("34.074824224s", 35), ("0s", 0), ("-1s", nil), ("1e300s", nil), ("nans", nil), ("soon", nil),
  ])
  func googleSaysInTheBodyHowLongToWait(delay: String, seconds: Int?) {
    let body =
      #"{"error":{"code":429,"status":"RESOURCE_EXHAUSTED","details":[{"@type":"t"},{"retryDelay":"\#(delay)"}]}}"#
    #expect(Self.failure(GeminiDriver(), 429, body).retryAfterSeconds == seconds)
    let header = Array(body.utf8).withUnsafeBytes { GeminiDriver().failure(status: 429, retryAfter: 3, body: $0) }
    #expect(header.retryAfterSeconds == 3)
  }
}
