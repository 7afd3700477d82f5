/// Errors in OpenAI's form.
///
/// Source: OpenAI API reference, "Error codes".
extension Refusal {
  /// The body, laid out as OpenAI does.
  var openAIBody: String {
    """
    {
      "error": {
        "message": \(JSONText.quoted(message)),
        "type": \(JSONText.quoted(type)),
        "param": \(param.map(JSONText.quoted) ?? "null"),
        "code": \(code.map(JSONText.quoted) ?? "null")
      }
    }

    """
  }

  /// The same on one line, as it stands in a `data:` line of a stream.
  var openAILine: String {
    "{\"error\":{\"message\":\(JSONText.quoted(message)),\"type\":\(JSONText.quoted(type)),"
      + "\"param\":\(param.map(JSONText.quoted) ?? "null"),\"code\":\(code.map(JSONText.quoted) ?? "null")}}"
  }

  static let missingKey = Refusal(
    status: 401,
    message: "You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer"
      + " auth (i.e. Authorization: Bearer YOUR_KEY).")

  static let wrongKey = Refusal(
    status: 401, message: "Incorrect API key provided: ********.", code: "invalid_api_key")

  static let serverError = Refusal(
    status: 500, message: "The server had an error while processing your request. Sorry about that!",
    type: "server_error", code: "internal_error")

  static func unknownURL(_ method: String, _ path: String) -> Refusal {
    Refusal(
      status: 404, message: "Unknown request URL: \(method) \(path). Please check the URL for typos.",
      code: "unknown_url")
  }

  /// What OpenAI says under `status`; `retry` is after how many seconds to try again.
  static func scripted(_ status: Int, retry: Int) -> Refusal {
    switch status {
    case 401: wrongKey
    case 404:
      Refusal(
        status: 404, message: "The model does not exist or you do not have access to it.", code: "model_not_found")
    case 429:
      Refusal(
        status: 429, message: "Rate limit reached for requests. Please try again in \(retry)s.", type: "requests",
        code: "rate_limit_exceeded")
    case 503:
      Refusal(
        status: 503, message: "The engine is currently overloaded, please try again later.", type: "server_error",
        code: "overloaded")
    case 500...: Refusal(status: status, message: serverError.message, type: "server_error", code: serverError.code)
    default: Refusal(status: status, message: "The simulator was told to refuse this request.")
    }
  }
}
