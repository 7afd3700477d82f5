package import Wire

/// Why a turn ended in `error`: what a client may see. The provider's own words never come here.
package struct TurnError: Error, Equatable, Sendable {
  /// Stable, snake_case: clients branch on it.
  package let code: String
  /// For people.
  package let message: String
  /// Whether the same message may succeed later.
  package let retryable: Bool

  package init(code: String, message: String, retryable: Bool) {
    self.code = code
    self.message = message
    self.retryable = retryable
  }

  /// `{"code":…,"message":…,"retryable":…}`
  package func write(to writer: inout JSONWriter) {
    writer.beginObject()
    writer.member("code", code)
    writer.member("message", message)
    writer.member("retryable", retryable)
    writer.endObject()
  }

  package static let tooLong = TurnError(
    code: "turn_too_long", message: "The answer is longer than this service keeps.", retryable: false)
  package static let toolCallTooLong = TurnError(
    code: "tool_call_too_long", message: "The model's call of a tool is longer than this service takes.",
    retryable: false)
  package static let toolRefused = TurnError(
    code: "tool_refused", message: "The model called a tool that may not be used.", retryable: false)
  package static let budgetExhausted = TurnError(
    code: "budget_exhausted", message: "What may be used of this model is used up.", retryable: false)
  package static let timedOut = TurnError(
    code: "turn_timeout", message: "The answer took longer than this service allows.", retryable: true)
}
