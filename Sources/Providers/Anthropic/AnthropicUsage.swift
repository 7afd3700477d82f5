import Chat
import Wire

/// The counts of a message so far. What is read from the cache or written to it is not part of `input_tokens`
/// (platform.claude.com/docs/en/build-with-claude/prompt-caching).
struct AnthropicUsage: Sendable {
  private var input = 0
  private var cacheRead: Int?
  private var cacheCreation = 0
  private var output = 0

  /// What `usage` leaves out stays as it was.
  mutating func replace(with usage: JSONElement) {
    input = usage["input_tokens"]?.tokens ?? input
    cacheRead = usage["cache_read_input_tokens"]?.tokens ?? cacheRead
    cacheCreation = usage["cache_creation_input_tokens"]?.tokens ?? cacheCreation
    output = usage["output_tokens"]?.tokens ?? output
  }

  var total: Usage {
    Usage(
      inputTokens: .sum(input, cacheRead ?? 0, cacheCreation), outputTokens: output, cachedTokens: cacheRead)
  }
}

extension Int {
  /// The sum of counts that came from outside: at most `Int.max`.
  static func sum(_ counts: Int...) -> Int {
    counts.reduce(0) { sum, count in
      let (total, overflow) = sum.addingReportingOverflow(count)
      return overflow ? .max : total
    }
  }
}
