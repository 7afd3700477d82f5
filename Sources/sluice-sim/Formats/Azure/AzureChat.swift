import NIOCore
import NIOHTTP1

/// Chat completions of an Azure deployment: `POST …/deployments/{deployment}/chat/completions?api-version=…`. The
/// deployment is the model, whatever the body says.
///
/// Source: Microsoft Learn, "Azure OpenAI in Azure AI Foundry Models REST API reference".
struct AzureChat: Dialect {
  static let name = "azure"

  private let deployment: String
  private let version: String?

  init?(_ target: Target) {
    guard let deployment = target.name(between: "/deployments/", and: "/chat/completions") else { return nil }
    self.deployment = deployment
    version = target.value(of: "api-version")
  }

  /// A key, or a token of Microsoft Entra.
  func credential(in headers: HTTPHeaders) -> String? {
    headers.first(name: "api-key") ?? headers.first(name: "authorization")
  }

  func admit(_ headers: HTTPHeaders, key: String?) throws(Refusal) {
    guard version?.isEmpty == false else { throw Refusal(status: 404, message: "Resource not found", code: "404") }
    guard let given = headers.first(name: "api-key") ?? headers.bearer, key == nil || given == key else {
      throw Self.denied
    }
  }

  func request(_ body: ByteBuffer) throws(Refusal) -> ChatRequest {
    try CompletionRequest.read(body).request(model: deployment)
  }

  func id(_ serial: Int) -> String { OpenAIChat().id(serial) }

  func headers(id: String, serial: Int) -> [Header] {
    let request = Letters.uuid(seed: serial)
    return [
      Header("apim-request-id", request), Header("x-request-id", request), Header("x-ms-region", "Switzerland North"),
    ]
  }

  func framing(_ scenario: Scenario) -> any Framing { EventFraming(scenario) }

  func stream(_ reply: Reply, _ scenario: Scenario) -> any AnswerStream {
    CompletionStream(reply, hasFilterResults: true)
  }

  func whole(_ reply: Reply) -> ByteBuffer { CompletionObject.bytes(reply) }

  func refusal(_ status: Int, retry: Int) -> Refusal {
    switch status {
    case 401: Self.denied
    case 404:
      Refusal(
        status: 404, message: "The API deployment for this resource does not exist.", code: "DeploymentNotFound")
    case 429:
      Refusal(
        status: 429,
        message:
          "Requests have exceeded the token rate limit of your pricing tier. Please retry after \(retry) seconds.",
        code: "429")
    default: .scripted(status, retry: retry)
    }
  }

  /// Microsoft's error object has no more than a code and a message where the service before the model speaks.
  func body(_ refusal: Refusal) -> String {
    guard let code = refusal.code, code.allSatisfy(\.isNumber) || code == "DeploymentNotFound" else {
      return refusal.openAIBody
    }
    return "{\"error\":{\"code\":\(JSONText.quoted(code)),\"message\":\(JSONText.quoted(refusal.message))}}"
  }

  private static let denied = Refusal(
    status: 401,
    message: "Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid key for"
      + " an active subscription and use a correct regional API endpoint for your resource.", code: "401")
}
