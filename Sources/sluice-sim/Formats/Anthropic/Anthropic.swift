import NIOCore
import NIOHTTP1

/// Anthropic's messages: `POST …/messages`.
///
/// Source: Anthropic API reference, "Messages", "Errors", "Versions".
struct Anthropic: Dialect {
  static let name = "anthropic"

  init?(_ target: Target) {
    guard target.path.hasSuffix("/messages") else { return nil }
  }

  func credential(in headers: HTTPHeaders) -> String? { headers.first(name: "x-api-key") }

  func admit(_ headers: HTTPHeaders, key: String?) throws(Refusal) {
    guard let credential = credential(in: headers), !credential.isEmpty else {
      throw Refusal(status: 401, message: "x-api-key header is required")
    }
    guard key == nil || credential == key else { throw Refusal(status: 401, message: "invalid x-api-key") }
    guard let version = headers.first(name: "anthropic-version") else {
      throw Refusal(status: 400, message: "anthropic-version: header is required")
    }
    guard version == "2023-06-01" || version == "2023-01-01" else {
      throw Refusal(status: 400, message: "anthropic-version: \"\(version)\" is not a valid version")
    }
    try headers.mustBeJSON()
  }

  func request(_ body: ByteBuffer) throws(Refusal) -> ChatRequest {
    guard let body = JSONValue(body) else {
      throw Refusal(status: 400, message: "The request body is not valid JSON")
    }
    for name in ["model", "messages", "max_tokens"] where body[name].isNull {
      throw Refusal(status: 400, message: "\(name): Field required")
    }
    guard let model = body["model"].text else {
      throw Refusal(status: 400, message: "model: Input should be a valid string")
    }
    let system: [ChatRequest.Message] =
      body["system"].isNull ? [] : [.init(role: "system", content: body["system"], isImage: { _ in false })]
    let messages = body["messages"].elements.map { message in
      ChatRequest.Message(
        role: message["role"].text ?? "", content: message["content"], isImage: { $0["type"].text == "image" },
        isResult: { $0["type"].text == "tool_result" })
    }
    guard !messages.isEmpty else {
      throw Refusal(status: 400, message: "messages: at least one message is required")
    }
    return ChatRequest(
      model: model, messages: system + messages, stream: body["stream"].flag ?? false,
      tokenLimit: body["max_tokens"].int, tools: body["tools"].elements.compactMap { $0["name"].text })
  }

  func id(_ serial: Int) -> String { "msg_01" + Letters.text(22, seed: serial) }

  func headers(id: String, serial: Int) -> [Header] {
    [Header("request-id", "req_011" + Letters.text(21, seed: serial &+ 1))]
  }

  func framing(_ scenario: Scenario) -> any Framing { EventFraming(scenario) }

  func stream(_ reply: Reply, _ scenario: Scenario) -> any AnswerStream { MessageStream(reply) }

  func whole(_ reply: Reply) -> ByteBuffer { ByteBuffer(string: MessageObject(reply).finished) }

  func refusal(_ status: Int, retry: Int) -> Refusal {
    switch status {
    case 401: Refusal(status: status, message: "invalid x-api-key")
    case 404: Refusal(status: status, message: "model: the model does not exist")
    case 429:
      Refusal(
        status: status,
        message: "This request would exceed your organization's rate limit. Please try again in \(retry) seconds.")
    case 529: Refusal(status: status, message: "Overloaded")
    case 500...: Refusal(status: status, message: "Internal server error")
    default: Refusal(status: status, message: "The simulator was told to refuse this request.")
    }
  }

  func body(_ refusal: Refusal) -> String { refusal.anthropicError }
}

extension Refusal {
  /// Anthropic's error object, in an answer as well as in a stream.
  var anthropicError: String {
    "{\"type\":\"error\",\"error\":{\"type\":\"\(anthropicType)\",\"message\":\(JSONText.quoted(message))}}"
  }

  private var anthropicType: String {
    switch status {
    case 401: "authentication_error"
    case 402: "billing_error"
    case 403: "permission_error"
    case 404: "not_found_error"
    case 413: "request_too_large"
    case 429: "rate_limit_error"
    case 504: "timeout_error"
    case 529: "overloaded_error"
    case 500...: "api_error"
    default: "invalid_request_error"
    }
  }
}
