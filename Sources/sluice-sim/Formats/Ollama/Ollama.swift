import NIOCore
import NIOHTTP1

/// Ollama's chat: `POST …/api/chat`. It streams unless told not to.
///
/// Source: Ollama's docs/api.md, "Generate a chat completion".
struct Ollama: Dialect {
  static let name = "ollama"

  init?(_ target: Target) {
    guard target.path.hasSuffix("/api/chat") else { return nil }
  }

  func credential(in headers: HTTPHeaders) -> String? { headers.bearer }

  func admit(_ headers: HTTPHeaders, key: String?) throws(Refusal) {
    guard key == nil || credential(in: headers) == key else { throw Refusal(status: 401, message: "unauthorized") }
    try headers.mustBeJSON()
  }

  func request(_ body: ByteBuffer) throws(Refusal) -> ChatRequest {
    guard let body = JSONValue(body) else {
      throw Refusal(status: 400, message: "invalid character looking for beginning of value")
    }
    guard let model = body["model"].text, !model.isEmpty else {
      throw Refusal(status: 400, message: "model is required")
    }
    let messages = body["messages"].elements.map { message in
      ChatRequest.Message(
        role: message["role"].text ?? "", text: message["content"].text ?? "",
        images: message["images"].elements.count)
    }
    return ChatRequest(
      model: model, messages: messages, stream: body["stream"].flag ?? true,
      tokenLimit: body["options"]["num_predict"].int.flatMap { $0 < 0 ? nil : $0 },
      tools: body["tools"].elements.compactMap { $0["function"]["name"].text })
  }

  /// Ollama names no answer: this is for the journal alone.
  func id(_ serial: Int) -> String { "ollama-" + Letters.text(16, seed: serial) }

  func headers(id: String, serial: Int) -> [Header] { [] }

  func framing(_ scenario: Scenario) -> any Framing { LineFraming() }

  func stream(_ reply: Reply, _ scenario: Scenario) -> any AnswerStream { OllamaStream(reply) }

  func whole(_ reply: Reply) -> ByteBuffer { ByteBuffer(string: OllamaStream(reply).object) }

  func refusal(_ status: Int, retry: Int) -> Refusal {
    switch status {
    case 401: Refusal(status: status, message: "unauthorized")
    case 404: Refusal(status: status, message: "model not found, try pulling it first")
    case 429: Refusal(status: status, message: "too many requests, please try again in \(retry)s")
    case 503: Refusal(status: status, message: "server busy, please try again.  maximum pending requests exceeded")
    case 500...:
      Refusal(
        status: status,
        message: "model runner has unexpectedly stopped, this may be due to resource limitations or an internal error,"
          + " check ollama server logs for details")
    default: Refusal(status: status, message: "The simulator was told to refuse this request.")
    }
  }

  func body(_ refusal: Refusal) -> String { refusal.ollamaError }
}

extension Refusal {
  /// Ollama's error object, in an answer as well as in a stream.
  var ollamaError: String { "{\"error\":\(JSONText.quoted(message))}" }
}
