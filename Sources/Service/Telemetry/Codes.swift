import Chat
import Providers

/// The error codes that clients see and metrics tell apart; a code that is missing here counts as `other`.
enum Codes {
  /// Of requests. What the front door answers by itself is counted there (`Telemetry.refusals`).
  static let refusals = Refusal.Code.allCases.map(\.rawValue)

  /// Of turns: `TurnError.code`.
  static let turns =
    ProviderError.Code.allCases.map(\.rawValue)
    + ["upstream_unreachable", "upstream_timeout", "overloaded"]
    + [TurnError.tooLong, .toolCallTooLong, .toolRefused, .budgetExhausted, .timedOut].map(\.code)
}
