/// An error as an HTTP answer or in a stream; a ``Dialect`` puts it into its provider's form.
struct Refusal: Error, Equatable, Sendable {
  let status: Int
  let message: String
  /// OpenAI's word for its kind; other formats take theirs from the status.
  var type = "invalid_request_error"
  /// The request field at fault; nil is `null`.
  var param: String?
  /// nil is `null`.
  var code: String?

  static let notJSON = Refusal(
    status: 400,
    message: "We could not parse the JSON body of your request, or a field of it has the wrong type.")

  static let wrongContentType = Refusal(
    status: 400, message: "The content type of the request must be application/json.", code: "unsupported_content_type")

  static let noMessages = Refusal(
    status: 400, message: "'messages' must hold at least one message.", param: "messages")

  static let noTokens = Refusal(
    status: 400, message: "Expected a token limit of at least 1.", param: "max_tokens",
    code: "integer_below_min_value")

  static let tooLarge = Refusal(status: 413, message: "The request body is larger than 32 MiB.")

  static let lineTooShort = Refusal(
    status: 400, message: "The model name does not fit into a line of this size.", param: "model",
    code: "malformed_scenario")

  static let noTime = Refusal(
    status: 400, message: "In this format no token can be the time it is sent: text=clock.", param: "model",
    code: "malformed_scenario")

  /// A model name that is no scenario.
  init(malformed: Scenario.Malformed) {
    self.init(
      status: 400, message: "The model name is no scenario: '\(malformed.part)', expected \(malformed.expected).",
      param: "model", code: "malformed_scenario")
  }

  init(
    status: Int, message: String, type: String = "invalid_request_error", param: String? = nil, code: String? = nil
  ) {
    self.status = status
    self.message = message
    self.type = type
    self.param = param
    self.code = code
  }
}
