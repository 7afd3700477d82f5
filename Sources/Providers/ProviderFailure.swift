import Wire

/// What a provider's error means: from an error's body, or from an error within an answer, and from the HTTP status if
/// there is one. All providers say it in much the same form and differ in what they fill in.
struct ProviderFailure {
  private let status: Int?
  /// What names the kind of error, lower case.
  private var words: [String] = []
  private var message = ""
  private var retryDelay: Int?

  /// For an answer that is no 2xx.
  init(status: Int, body: UnsafeRawBufferPointer) {
    self.status = status
    let start = UnsafeRawBufferPointer(rebasing: body.prefix(64 << 10))
    guard let document = try? JSONDocument(parsing: start) else {
      message = String(decoding: start.prefix(500), as: UTF8.self)
      return
    }
    // Google answers a stream with an array of one.
    let root = document.root.elements.first { _ in true } ?? document.root
    read(root["error"] ?? root)
  }

  /// For an `error` member (an object or a string) within an answer.
  init(inBand error: JSONElement) {
    let code = error["code"]?.int ?? error["code"]?.string.flatMap { Int($0) }
    status = code.flatMap { (400...599).contains($0) ? $0 : nil }
    read(error)
  }

  /// For an error that is no JSON object.
  init(status: Int?, word: String, message: String) {
    self.status = status
    words = [word.lowercased()]
    self.message = message
  }

  func error(retryAfter: Int? = nil) -> ProviderError {
    let code = code
    // A refusal of the key may quote the key.
    let quote = code == .unauthorized ? "" : message
    let parts = [status.map { "status \($0)" } ?? ""] + words + [quote]
    return ProviderError(
      code, cause: parts.filter { !$0.isEmpty }.joined(separator: ", "), status: status,
      retryAfterSeconds: retryAfter ?? retryDelay)
  }

  private mutating func read(_ error: JSONElement) {
    message = error["message"]?.string ?? error["Message"]?.string ?? error.string ?? ""
    words = [error["code"]?.string, error["type"]?.string, error["status"]?.string, error["__type"]?.string]
      .compactMap { $0?.lowercased() }
    guard let details = error["details"] else { return }
    for detail in details.elements { read(detail: detail) }
  }

  /// Google says here what its status leaves open: google.rpc.ErrorInfo and google.rpc.RetryInfo, `34.07s` for instance
  /// (cloud.google.com/apis/design/errors).
  private mutating func read(detail: JSONElement) {
    if let reason = detail["reason"]?.string { words.append(reason.lowercased()) }
    if let delay = detail["retryDelay"]?.string, delay.hasSuffix("s"), let seconds = Double(delay.dropLast()),
      (0...1_000_000).contains(seconds)
    {
      retryDelay = Int(seconds.rounded(.up))
    }
  }

  private var code: ProviderError.Code {
    let message = message.lowercased()
    if says("context_length", "exceed_context") || message.contains("maximum context length")
      || message.contains("prompt is too long") || message.contains("input is too long")
      || message.contains("exceed context limit") || message.contains("exceeds the context length")
      || message.contains("exceeds the maximum number of tokens")
    {
      return .contextTooLong
    }
    if says("content_filter", "content_policy", "responsibleaipolicy", "bio_policy", "cyber_policy") {
      return .contentFiltered
    }
    // Google calls it a bad request.
    if says("api_key_invalid") { return .unauthorized }
    if status == 402 || says("insufficient_quota", "billing", "servicequota")
      || message.contains("credit balance is too low")
    {
      return .quotaExceeded
    }
    // A model that a cloud is still loading, under status 429.
    if says("notready") { return .overloaded }
    if status == 429 || says("rate_limit", "too_many_requests", "resource_exhausted", "throttling") {
      return .rateLimited
    }
    if status == 503 || status == 529 || says("overloaded", "unavailable", "slow_down") { return .overloaded }
    switch status {
    case 401, 403: return .unauthorized
    case 400, 404, 405, 413, 415, 422: return .refused
    case .some: return .failed
    case nil: break
    }
    if says("api_key", "authentication", "permission", "accessdenied") { return .unauthorized }
    // The names of images' faults are those of the Responses API.
    return says(
      "invalid_", "validation", "not_found", "too_large", "image_too_", "image_parse", "image_file", "image_media",
      "download_image") ? .refused : .failed
  }

  private func says(_ names: String...) -> Bool {
    words.contains { word in names.contains { word.contains($0) } }
  }
}
