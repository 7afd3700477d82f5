import Chat
import FrontDoor
import Store
import Wire

/// An error as OpenAI's API tells it (platform.openai.com/docs/guides/error-codes): clients branch on the status first,
/// then on `code`. Codes are ours, but for the few that clients know.
struct OpenAIError: Sendable {
  let status: Int
  let code: String
  let message: String
  var param: String?
  /// Whether the client is to ask again: its libraries would, by the status alone.
  var retryable: Bool
  /// Seconds.
  var retryAfter: Int?
  /// What is left of limits.
  var allowance: StartStore.Allowance?

  init(_ refusal: Refusal) {
    status = Self.status(of: refusal)
    code = refusal.isQuota ? Self.quota : Self.code(of: refusal.code)
    message = refusal.message
    param = refusal.param
    retryable = refusal.retryable
    retryAfter = refusal.retryAfter
    allowance = refusal.allowance
  }

  /// What cannot be used for hours or days. OpenAI's type of it is the same word.
  private static let quota = "insufficient_quota"

  /// Why a turn has no whole answer; nil for one that has. `isRepeatable`: another request would be another turn.
  init?(_ terminal: Terminal, isRepeatable: Bool) {
    switch terminal.state {
    case .streaming, .done: return nil
    case .error:
      let error = terminal.error ?? TurnError(code: "upstream_error", message: "The model failed.", retryable: true)
      self.init(
        status: Self.status(of: error.code),
        code: Self.code(of: error), message: error.message,
        retryable: error.retryable && isRepeatable)
    case .cancelled:
      self.init(status: 409, code: "cancelled", message: "The answer was cancelled.", retryable: false)
    case .interrupted:
      self.init(
        status: 503, code: "interrupted", message: "The answer broke off: its node has gone.", retryable: isRepeatable)
    }
  }

  init(status: Int, code: String, message: String, retryable: Bool) {
    self.status = status
    self.code = code
    self.message = message
    self.retryable = retryable
  }

  private static func status(of refusal: Refusal) -> Int {
    switch refusal.code {
    case .unknownModel: 404
    // What OpenAI calls a bad request, whatever is bad about it.
    default: refusal.status == 422 ? 400 : refusal.status
    }
  }

  private static func code(of code: Refusal.Code) -> String {
    switch code {
    case .invalidToken: "invalid_api_key"
    case .unknownModel: "model_not_found"
    case .contextTooLong: "context_length_exceeded"
    case .limitReached: "rate_limit_exceeded"
    default: code.rawValue
    }
  }

  private static func code(of error: TurnError) -> String {
    switch error.code {
    case "context_too_long": "context_length_exceeded"
    case TurnError.budgetExhausted.code: quota
    default: error.code
    }
  }

  /// Of a turn's error.
  private static func status(of code: String) -> Int {
    switch code {
    case "upstream_rate_limited", TurnError.budgetExhausted.code: 429
    case "upstream_overloaded", "overloaded": 503
    case "upstream_timeout", "turn_timeout": 504
    case "upstream_unreachable", "upstream_truncated", "upstream_malformed", "upstream_error": 502
    case "tool_refused": 403
    case "upstream_refused", "context_too_long", "content_filtered": 400
    default: 500
    }
  }

  private var type: String {
    switch status {
    case 401: "authentication_error"
    case 403: "permission_error"
    case 404: "not_found_error"
    case 429: code == Self.quota ? Self.quota : "rate_limit_error"
    case 500...: "server_error"
    default: "invalid_request_error"
    }
  }

  /// `{"error":{"message":…,"type":…,"param":…,"code":…}}`
  var json: [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    writer.key("error")
    writer.beginObject()
    writer.member("message", message)
    writer.member("type", type)
    writer.key("param")
    if let param { writer.string(param) } else { writer.null() }
    writer.member("code", code)
    writer.endObject()
    writer.endObject()
    return writer.bytes
  }

  /// `origin`: as `Refusal.response`.
  func response(origin: String? = nil) -> Response {
    var headers = CrossOrigin.headers(for: origin)
    if let retryAfter { headers.append(("Retry-After", String(retryAfter))) }
    if let allowance { headers += allowance.headers(for: origin) }
    if status == 401 { headers.append(("WWW-Authenticate", "Bearer")) }
    // What OpenAI's own libraries go by before the status.
    headers.append(("X-Should-Retry", retryable ? "true" : "false"))
    return Response(status: status, headers: headers, body: json)
  }
}

extension OpenAIError {
  /// What the front door and the router answer by themselves, in this form for paths below `/v1/`.
  static func reformed(_ response: Response, of request: Request) -> Response {
    guard request.path.utf8.starts(with: "/v1/".utf8), let document = try? JSONDocument(parsing: response.body),
      let error = document.root["error"], let code = error["code"]?.string, let message = error["message"]?.string
    else { return response }
    let status = response.head.status
    return Response(
      response.head,
      body: OpenAIError(status: status, code: code, message: message, retryable: false).json)
  }
}
