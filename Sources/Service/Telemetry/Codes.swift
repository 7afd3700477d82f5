import Chat
import Providers

/// The error codes that clients see and metrics tell apart; a code that is missing here counts as `other`.
enum Codes {
  /// Of requests: `Refusal.code`. What the front door turns away by itself is counted there, by reason.
  static let refusals = [
    "malformed", "bad_cursor", "invalid_token", "read_only", "session_required", "origin_refused",
    "no_anonymous_sessions", "surface_disabled", "not_found", "method_not_allowed", "turn_in_progress", "purged",
    "message_too_long", "unknown_model", "unknown_message", "empty_message", "context_too_long", "too_many_images",
    "unsupported_image", "unsupported_part", "unsupported_mode", "idempotency_key_reused", "too_many_requests",
    "too_many_sessions", "overloaded", "draining", "unavailable", Refusal.stillRunning,
  ]

  /// Of turns: `TurnError.code`.
  static let turns =
    ProviderError.Code.allCases.map(\.rawValue)
    + ["upstream_unreachable", "upstream_timeout", "overloaded", TurnError.tooLong.code, TurnError.timedOut.code]
}
