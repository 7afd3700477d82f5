import NIOCore
import NIOHTTP1

/// OpenAI's newer format: `POST …/responses`.
///
/// Source: OpenAI API reference, "Create a model response".
struct OpenAIResponses: Dialect {
  static let name = "responses"

  init?(_ target: Target) {
    guard target.path.hasSuffix("/responses") else { return nil }
  }

  func credential(in headers: HTTPHeaders) -> String? { OpenAIChat().credential(in: headers) }

  func admit(_ headers: HTTPHeaders, key: String?) throws(Refusal) {
    try OpenAIChat().admit(headers, key: key)
    try headers.mustBeJSON()
  }

  func request(_ body: ByteBuffer) throws(Refusal) -> ChatRequest {
    guard let body = JSONValue(body) else { throw .notJSON }
    guard let model = body["model"].text else { throw Self.missing("model") }
    guard !body["input"].isNull else { throw Self.missing("input") }
    return ChatRequest(
      model: model, messages: Self.messages(body), stream: body["stream"].flag ?? false,
      tokenLimit: body["max_output_tokens"].int, tools: body["tools"].elements.compactMap { $0["name"].text })
  }

  /// The instructions and the items of the input; what the model itself called or thought is no message.
  private static func messages(_ body: JSONValue) -> [ChatRequest.Message] {
    var messages: [ChatRequest.Message] = []
    if let text = body["instructions"].text { messages.append(ChatRequest.Message(role: "system", text: text)) }
    if let text = body["input"].text { messages.append(ChatRequest.Message(role: "user", text: text)) }
    for item in body["input"].elements {
      switch item["type"].text {
      case "function_call_output": messages.append(ChatRequest.Message(role: "tool", text: ""))
      case nil, "message":
        messages.append(
          ChatRequest.Message(
            role: item["role"].text ?? "user", content: item["content"],
            isImage: { $0["type"].text == "input_image" }))
      default: break
      }
    }
    return messages
  }

  func id(_ serial: Int) -> String { "resp_" + Letters.hex(48, seed: serial) }

  func headers(id: String, serial: Int) -> [Header] { OpenAIChat().headers(id: id, serial: serial) }

  func framing(_ scenario: Scenario) -> any Framing { EventFraming(scenario) }

  func stream(_ reply: Reply, _ scenario: Scenario) -> any AnswerStream { ResponseStream(reply) }

  func whole(_ reply: Reply) -> ByteBuffer { ByteBuffer(string: ResponseObject(reply).finished + "\n") }

  func refusal(_ status: Int, retry: Int) -> Refusal { .scripted(status, retry: retry) }

  func body(_ refusal: Refusal) -> String { refusal.openAIBody }

  /// Its last events tell the whole text again.
  var canTellTime: Bool { false }

  private static func missing(_ name: String) -> Refusal {
    Refusal(
      status: 400, message: "Missing required parameter: '\(name)'.", param: name, code: "missing_required_parameter")
  }
}
