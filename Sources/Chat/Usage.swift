package import Wire

/// Tokens a turn has used, as the provider counted them. A later report replaces an earlier one; they are never added.
package struct Usage: Equatable, Sendable {
  package var inputTokens: Int
  package var outputTokens: Int
  /// Input tokens the provider read from its cache; nil if it does not say.
  package var cachedTokens: Int?
  /// Output tokens spent on reasoning; nil if it does not say.
  package var reasoningTokens: Int?

  package init(inputTokens: Int, outputTokens: Int, cachedTokens: Int? = nil, reasoningTokens: Int? = nil) {
    self.inputTokens = inputTokens
    self.outputTokens = outputTokens
    self.cachedTokens = cachedTokens
    self.reasoningTokens = reasoningTokens
  }

  /// `{"input_tokens":…,"output_tokens":…}`: as clients and the `turn` table see it.
  package func write(to writer: inout JSONWriter) {
    writer.beginObject()
    writer.member("input_tokens", inputTokens)
    writer.member("output_tokens", outputTokens)
    writer.member("cached_tokens", cachedTokens)
    writer.member("reasoning_tokens", reasoningTokens)
    writer.endObject()
  }
}
