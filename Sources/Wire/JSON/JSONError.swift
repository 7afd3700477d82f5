import CSimdJSON

/// Why a text is no JSON this program reads.
package enum JSONError: String, Error, Sendable {
  case malformed = "malformed_json"
  case invalidUTF8 = "invalid_utf8"
  /// Nested deeper than 256.
  case tooDeep = "json_too_deep"
  /// A number that fits neither a double nor 64 bits.
  case number = "json_number_out_of_range"
  /// Longer than the caller's limit.
  case tooLarge = "json_too_large"
  case outOfMemory = "out_of_memory"

  /// Nil for success.
  init?(_ outcome: csj_outcome) {
    switch outcome {
    case CSJ_OK: return nil
    case CSJ_INVALID_UTF8: self = .invalidUTF8
    case CSJ_TOO_DEEP: self = .tooDeep
    case CSJ_NUMBER: self = .number
    case CSJ_MEMORY: self = .outOfMemory
    default: self = .malformed
    }
  }
}
