import FoundationEssentials
import NIOCore
import NIOHTTP1

/// OpenAI's chat completions, and everybody who copies them: `POST …/chat/completions`.
///
/// Source: OpenAI API reference, "Create chat completion".
struct OpenAIChat: Dialect {
  static let name = "openai"

  init?(_ target: Target) {
    guard target.path.hasSuffix("/chat/completions") else { return nil }
  }

  init() {}

  func credential(in headers: HTTPHeaders) -> String? {
    headers.first(name: "authorization") ?? headers.first(name: "api-key")
  }

  func admit(_ headers: HTTPHeaders, key: String?) throws(Refusal) {
    guard let key, headers.first(name: "api-key") != key else { return }
    guard let authorization = headers.first(name: "authorization") else { throw .missingKey }
    guard authorization == "Bearer \(key)" else { throw .wrongKey }
  }

  func request(_ body: ByteBuffer) throws(Refusal) -> ChatRequest {
    let read = try CompletionRequest.read(body)
    guard let model = read.model else { throw .notJSON }
    return read.request(model: model)
  }

  /// `chatcmpl-` and 29 letters and digits, as long as OpenAI's.
  func id(_ serial: Int) -> String { "chatcmpl-" + Letters.text(29, seed: serial) }

  func headers(id: String, serial: Int) -> [Header] {
    [Header("openai-version", "2020-10-01"), Header("x-request-id", "req_" + Letters.text(29, seed: serial))]
  }

  func framing(_ scenario: Scenario) -> any Framing { EventFraming(scenario) }

  func stream(_ reply: Reply, _ scenario: Scenario) -> any AnswerStream {
    CompletionStream(reply, hasFilterResults: scenario.hasFilterResults)
  }

  func whole(_ reply: Reply) -> ByteBuffer { CompletionObject.bytes(reply) }

  func refusal(_ status: Int, retry: Int) -> Refusal { .scripted(status, retry: retry) }

  func body(_ refusal: Refusal) -> String { refusal.openAIBody }
}
