extension Refusal {
  /// Every code that a refusal can have. Stable: clients branch on the raw value, and each has its own series in the
  /// metrics.
  enum Code: String, CaseIterable {
    case malformed
    case badCursor = "bad_cursor"
    case invalidToken = "invalid_token"
    case readOnly = "read_only"
    case sessionRequired = "session_required"
    case anotherSurface = "another_surface"
    case originRefused = "origin_refused"
    case untrustedSurface = "untrusted_surface"
    case noAnonymousSessions = "no_anonymous_sessions"
    case surfaceDisabled = "surface_disabled"
    case capabilityMissing = "capability_missing"
    case notFound = "not_found"
    case methodNotAllowed = "method_not_allowed"
    case turnInProgress = "turn_in_progress"
    case purged
    case messageTooLong = "message_too_long"
    case unknownModel = "unknown_model"
    case unknownMessage = "unknown_message"
    case emptyMessage = "empty_message"
    case contextTooLong = "context_too_long"
    case tooManyImages = "too_many_images"
    case unsupportedImage = "unsupported_image"
    case unsupportedPart = "unsupported_part"
    case unsupportedMode = "unsupported_mode"
    case unsupportedParameter = "unsupported_parameter"
    case toolRefused = "tool_refused"
    case limitReached = "limit_reached"
    case invalidLinkCode = "invalid_link_code"
    case linkCodeUsed = "link_code_used"
    case linkRefused = "link_refused"
    case identityBusy = "identity_busy"
    case keyReused = "idempotency_key_reused"
    case tooManyRequests = "too_many_requests"
    case tooManyStreams = "too_many_streams"
    case tooManySessions = "too_many_sessions"
    case overloaded
    case draining
    case unavailable
    case stillRunning = "still_running"
  }
}
