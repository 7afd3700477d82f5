import NIOCore
import NIOHTTP1

/// Google's Gemini: `POST …/models/{model}:streamGenerateContent?alt=sse`, and `:generateContent` for an answer in one
/// piece.
///
/// Source: Gemini API reference, "Generating content".
struct Gemini: Dialect {
  static let name = "gemini"

  private let model: String
  private let isStream: Bool
  private let isSSE: Bool
  private let queryKey: String?

  init?(_ target: Target) {
    if let model = target.name(between: "/models/", and: ":streamGenerateContent") {
      (self.model, isStream) = (model, true)
    } else if let model = target.name(between: "/models/", and: ":generateContent") {
      (self.model, isStream) = (model, false)
    } else {
      return nil
    }
    isSSE = target.value(of: "alt") == "sse"
    queryKey = target.value(of: "key")
  }

  func credential(in headers: HTTPHeaders) -> String? {
    headers.first(name: "x-goog-api-key") ?? queryKey ?? headers.bearer
  }

  func admit(_ headers: HTTPHeaders, key: String?) throws(Refusal) {
    guard let credential = credential(in: headers), !credential.isEmpty else {
      throw Refusal(
        status: 403,
        message: "Method doesn't allow unregistered callers (callers without established identity). Please use API Key"
          + " or other form of API consumer identity to call this API.")
    }
    guard key == nil || credential == key else {
      throw Refusal(status: 400, message: "API key not valid. Please pass a valid API key.", code: "API_KEY_INVALID")
    }
    try headers.mustBeJSON()
    guard isSSE || !isStream else {
      throw Refusal(status: 400, message: "The simulator streams with alt=sse only.")
    }
  }

  func request(_ body: ByteBuffer) throws(Refusal) -> ChatRequest {
    guard let body = JSONValue(body) else {
      throw Refusal(status: 400, message: "Invalid JSON payload received.")
    }
    let contents = body["contents"].elements
    guard !contents.isEmpty else {
      throw Refusal(status: 400, message: "* GenerateContentRequest.contents: contents is not specified\n")
    }
    let system = [body["systemInstruction"], body["system_instruction"]].filter { !$0.isNull }.map {
      Self.message($0, role: "system")
    }
    let messages = contents.map { content in
      Self.message(content, role: content["role"].text == "model" ? "assistant" : "user")
    }
    return ChatRequest(
      model: model, messages: system + messages, stream: isStream,
      tokenLimit: body["generationConfig"]["maxOutputTokens"].int,
      tools: body["tools"].elements.flatMap { tool in
        tool["functionDeclarations"].elements.compactMap { $0["name"].text }
      })
  }

  private static func message(_ content: JSONValue, role: String) -> ChatRequest.Message {
    ChatRequest.Message(
      role: role, content: content["parts"],
      isImage: { part in ["inlineData", "inline_data", "fileData", "file_data"].contains { !part[$0].isNull } },
      isResult: { !$0["functionResponse"].isNull })
  }

  func id(_ serial: Int) -> String { Letters.text(22, seed: serial) }

  func headers(id: String, serial: Int) -> [Header] { [] }

  /// Google ends lines with CR and LF.
  func framing(_ scenario: Scenario) -> any Framing {
    EventFraming(scenario, usual: .crlf, contentType: "text/event-stream")
  }

  func stream(_ reply: Reply, _ scenario: Scenario) -> any AnswerStream { GeminiStream(reply) }

  func whole(_ reply: Reply) -> ByteBuffer { ByteBuffer(string: GeminiStream(reply).object) }

  func refusal(_ status: Int, retry: Int) -> Refusal {
    switch status {
    case 401:
      Refusal(
        status: status,
        message: "Request had invalid authentication credentials. Expected OAuth 2 access token, login"
          + " cookie or other valid authentication credential.")
    case 404: Refusal(status: status, message: "models/\(model) is not found for API version v1beta.")
    case 429:
      Refusal(status: status, message: "You exceeded your current quota. Please retry in \(retry)s.")
    case 503:
      Refusal(
        status: status,
        message: "This model is currently experiencing high demand. Spikes in demand are usually temporary. Please try"
          + " again later.")
    case 500...: Refusal(status: status, message: "An internal error has occurred. Please retry.")
    default: Refusal(status: status, message: "The simulator was told to refuse this request.")
    }
  }

  func body(_ refusal: Refusal) -> String { refusal.geminiBody }
}

extension Refusal {
  /// Google's error object, as it stands in an event.
  var geminiLine: String {
    "{\"error\": {\"code\": \(status),\"message\": \(JSONText.quoted(message)),\"status\": \"\(geminiStatus)\"}}"
  }

  /// The same laid out, as an answer or behind the events of a stream.
  var geminiBody: String {
    let details =
      code.map {
        """
        ,
            "details": [
              {
                "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                "reason": \(JSONText.quoted($0)),
                "domain": "googleapis.com"
              }
            ]
        """
      } ?? ""
    return """
      {
        "error": {
          "code": \(status),
          "message": \(JSONText.quoted(message)),
          "status": "\(geminiStatus)"\(details)
        }
      }

      """
  }

  /// Source: google.rpc.Code.
  private var geminiStatus: String {
    switch status {
    case 401: "UNAUTHENTICATED"
    case 403: "PERMISSION_DENIED"
    case 404: "NOT_FOUND"
    case 409: "ABORTED"
    case 429: "RESOURCE_EXHAUSTED"
    case 503: "UNAVAILABLE"
    case 504: "DEADLINE_EXCEEDED"
    case 500...: "INTERNAL"
    default: "INVALID_ARGUMENT"
    }
  }
}
