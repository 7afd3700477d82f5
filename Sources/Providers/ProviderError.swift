package import Chat

/// Why a provider gave no (whole) answer.
package struct ProviderError: Error, Equatable, Sendable {
  /// Stable: clients and metrics see the raw value.
  package enum Code: String, Sendable, CaseIterable {
    /// What came is not in the provider's format, or longer than 16 MiB.
    case malformed = "upstream_malformed"
    /// The stream ended before the answer did.
    case truncated = "upstream_truncated"
    case overloaded = "upstream_overloaded"
    case rateLimited = "upstream_rate_limited"
    /// The account's quota is used up: waiting does not help.
    case quotaExceeded = "upstream_quota_exceeded"
    case unauthorized = "upstream_unauthorized"
    /// The provider does not accept the request.
    case refused = "upstream_refused"
    /// The provider failed.
    case failed = "upstream_error"
    case contextTooLong = "context_too_long"
    case contentFiltered = "content_filtered"
    /// The route or the virtual model holds a value that cannot be sent.
    case misconfigured = "model_misconfigured"
  }

  package let code: Code
  /// For the operator only: may quote the provider. At most 500 bytes on one line.
  package let cause: String
  /// The HTTP status, if the error came as one.
  package let status: Int?
  /// How long the provider asks us to wait, if it does.
  package let retryAfterSeconds: Int?

  package init(_ code: Code, cause: String, status: Int? = nil, retryAfterSeconds: Int? = nil) {
    self.code = code
    self.cause = Self.line(cause)
    self.status = status
    self.retryAfterSeconds = retryAfterSeconds
  }

  /// Whether the same request may succeed later.
  package var retryable: Bool {
    switch code {
    case .malformed, .truncated, .overloaded, .rateLimited, .failed: true
    case .quotaExceeded, .unauthorized, .refused, .contextTooLong, .contentFiltered, .misconfigured: false
    }
  }

  /// Whether another route may do better: the fault is not in what was asked.
  package var triesElsewhere: Bool {
    switch code {
    case .malformed, .truncated, .overloaded, .rateLimited, .failed, .quotaExceeded, .unauthorized, .misconfigured: true
    // No such model, there.
    case .refused: status == 404 || status == 405
    case .contextTooLong, .contentFiltered: false
    }
  }

  /// For clients: says nothing about provider, model or credential.
  package var message: String {
    switch code {
    case .malformed: "The model's answer could not be read."
    case .truncated: "The model's answer broke off."
    case .overloaded: "The model is overloaded."
    case .rateLimited: "The model is asked too often just now."
    case .quotaExceeded, .unauthorized, .misconfigured: "The model is not available."
    case .refused: "The model did not accept the request."
    case .failed: "The model failed."
    case .contextTooLong: "The conversation is too long for the model."
    case .contentFiltered: "The model's content filter stopped the answer."
    }
  }

  /// What the turn's clients may see of it.
  package var turnError: TurnError { TurnError(code: code.rawValue, message: message, retryable: retryable) }

  /// At most 500 bytes, whole characters, control characters as spaces.
  private static func line(_ text: String) -> String {
    var line = ""
    for character in text.unicodeScalars.prefix(500) {
      let isControl = character.value < 0x20 || (0x7F...0x9F).contains(character.value)
      line.unicodeScalars.append(isControl ? " " : character)
    }
    while line.utf8.count > 500 { line.unicodeScalars.removeLast() }
    return line
  }
}
