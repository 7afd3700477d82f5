import NIOCore
import NIOHTTP1

/// Amazon Bedrock's converse API: `POST …/model/{id}/converse-stream`, and `/converse` for an answer in one piece.
///
/// Source: Amazon Bedrock API reference, "ConverseStream" and "Converse"; AWS General Reference, "Signature Version 4".
/// A signature is not computed again: only its form is checked.
struct Bedrock: Dialect {
  static let name = "bedrock"

  private let model: String
  private let isStream: Bool

  init?(_ target: Target) {
    if let model = target.name(between: "/model/", and: "/converse-stream") {
      (self.model, isStream) = (model, true)
    } else if let model = target.name(between: "/model/", and: "/converse") {
      (self.model, isStream) = (model, false)
    } else {
      return nil
    }
  }

  func credential(in headers: HTTPHeaders) -> String? { headers.first(name: "authorization") }

  /// - Parameter key: a bearer key, or the access key of a signature.
  func admit(_ headers: HTTPHeaders, key: String?) throws(Refusal) {
    guard let authorization = credential(in: headers) else {
      throw Refusal(status: 403, message: "Missing Authentication Token", code: "MissingAuthenticationTokenException")
    }
    if let bearer = headers.bearer {
      guard !bearer.isEmpty, key == nil || bearer == key else {
        throw Refusal(status: 403, message: "Authentication failed: Please make sure your API Key is valid.")
      }
    } else {
      guard let signature = Signature(authorization), headers.contains(name: "x-amz-date") else {
        throw Refusal(
          status: 403,
          message: "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header,"
            + " and the parameters 'Credential', 'SignedHeaders' and 'Signature'.", code: "IncompleteSignatureException"
        )
      }
      guard key == nil || signature.accessKey == key else { throw refusal(401, retry: 0) }
    }
    try headers.mustBeJSON()
  }

  func request(_ body: ByteBuffer) throws(Refusal) -> ChatRequest {
    guard let body = JSONValue(body) else {
      throw Refusal(status: 400, message: "The request body is no JSON.", code: "SerializationException")
    }
    let system: [ChatRequest.Message] =
      body["system"].elements.isEmpty ? [] : [.init(role: "system", content: body["system"], isImage: { _ in false })]
    let messages = body["messages"].elements.map { message in
      ChatRequest.Message(
        role: message["role"].text ?? "", content: message["content"], isImage: { !$0["image"].isNull },
        isResult: { !$0["toolResult"].isNull })
    }
    guard !messages.isEmpty else {
      throw Refusal(status: 400, message: "A conversation must start with a user message. Try again with one.")
    }
    return ChatRequest(
      model: model, messages: system + messages, stream: isStream,
      tokenLimit: body["inferenceConfig"]["maxTokens"].int,
      tools: body["toolConfig"]["tools"].elements.compactMap { $0["toolSpec"]["name"].text })
  }

  func id(_ serial: Int) -> String { Letters.uuid(seed: serial) }

  func headers(id: String, serial: Int) -> [Header] { [Header("x-amzn-requestid", id)] }

  func framing(_ scenario: Scenario) -> any Framing { FrameFraming() }

  func stream(_ reply: Reply, _ scenario: Scenario) -> any AnswerStream { ConverseStream(reply) }

  func whole(_ reply: Reply) -> ByteBuffer { ByteBuffer(string: ConverseStream(reply).object) }

  /// AWS knows no 401.
  func refusal(_ status: Int, retry: Int) -> Refusal {
    switch status {
    case 401:
      Refusal(
        status: 403, message: "The security token included in the request is invalid.",
        code: "UnrecognizedClientException")
    case 404: Refusal(status: status, message: "The provided model identifier is invalid.")
    case 424: Refusal(status: status, message: "The model had an error while it processed the request.")
    case 429: Refusal(status: status, message: "Too many requests, please wait before trying again.")
    case 503: Refusal(status: status, message: "Bedrock is unable to process your request.")
    case 500...:
      Refusal(
        status: status,
        message: "The system encountered an unexpected error during processing. Try your request again.")
    default: Refusal(status: status, message: "The simulator was told to refuse this request.")
    }
  }

  func body(_ refusal: Refusal) -> String { refusal.bedrockError }

  func headers(_ refusal: Refusal) -> [Header] {
    let name = refusal.bedrockException
    return [
      Header(
        "x-amzn-errortype",
        name.prefix(1).uppercased() + name.dropFirst() + ":http://internal.amazon.com/coral/com.amazon.bedrock/")
    ]
  }

  /// A frame tells its length before, and a sum behind.
  var canTellTime: Bool { false }

  /// The parameters of `AWS4-HMAC-SHA256 …`.
  private struct Signature {
    let accessKey: String

    /// nil for anything else, or if a parameter is missing or has not its form.
    init?(_ authorization: String) {
      let scheme = "AWS4-HMAC-SHA256 "
      guard authorization.hasPrefix(scheme) else { return nil }
      var values: [Substring: Substring] = [:]
      for part in authorization.dropFirst(scheme.count).split(separator: ",") {
        let pair = part.drop { $0 == " " }.split(separator: "=", maxSplits: 1)
        if pair.count == 2 { values[pair[0]] = pair[1] }
      }
      let scope = values["Credential"]?.split(separator: "/") ?? []
      guard scope.count == 5, scope[1].count == 8, scope[3] == "bedrock", scope[4] == "aws4_request",
        values["SignedHeaders"]?.split(separator: ";").contains("host") == true,
        let signature = values["Signature"], signature.count == 64, signature.allSatisfy(\.isHexDigit)
      else { return nil }
      accessKey = String(scope[0])
    }
  }
}

extension Refusal {
  /// AWS's error object, in an answer as well as in an exception of a stream.
  var bedrockError: String { "{\"message\":\(JSONText.quoted(message))}" }

  /// The name of the exception, as it stands in a stream.
  var bedrockException: String {
    if let code, code.hasSuffix("Exception") { return code }
    return switch status {
    case 403: "accessDeniedException"
    case 404: "resourceNotFoundException"
    case 408: "modelTimeoutException"
    case 424: "modelStreamErrorException"
    case 429: "throttlingException"
    case 503: "serviceUnavailableException"
    case 500...: "internalServerException"
    default: "validationException"
    }
  }
}
