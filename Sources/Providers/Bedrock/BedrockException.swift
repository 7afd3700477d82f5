import Wire

/// An error within an answer: it has a name, which stands for the status that it would have as an answer of its own
/// (docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html, Errors).
enum BedrockException {
  /// `payload`: `{"message":…}`; a failure of the model itself may add `originalMessage`.
  static func error(_ name: String, _ payload: StreamBytes) -> ProviderError {
    error(name, text: payload.withBytes(text))
  }

  static func error(_ name: String, text: String) -> ProviderError {
    ProviderFailure(status: status(of: name), word: name, message: text).error()
  }

  private static func text(in payload: UnsafeRawBufferPointer) -> String {
    guard let document = try? JSONDocument(parsing: payload) else {
      return String(decoding: payload.prefix(500), as: UTF8.self)
    }
    let root = document.root
    return [root["message"]?.string ?? root["Message"]?.string, root["originalMessage"]?.string]
      .compactMap { $0 }.joined(separator: ": ")
  }

  /// The first letter is in lower case within a stream.
  private static func status(of name: String) -> Int? {
    switch name.lowercased() {
    case "validationexception", "servicequotaexceededexception": 400
    case "accessdeniedexception": 403
    case "resourcenotfoundexception": 404
    case "modeltimeoutexception": 408
    case "modelerrorexception", "modelstreamerrorexception": 424
    case "throttlingexception", "modelnotreadyexception": 429
    case "internalserverexception": 500
    case "serviceunavailableexception": 503
    default: nil
    }
  }
}
