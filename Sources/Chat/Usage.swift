package import Wire

/// Tokens a turn has used, as the provider counted them. A later report replaces an earlier one; they are never added.
/// What no provider has counted is estimated, and says so.
package struct Usage: Equatable, Sendable {
  package var inputTokens: Int
  package var outputTokens: Int
  /// Input tokens the provider read from its cache; nil if it does not say.
  package var cachedTokens: Int?
  /// Output tokens spent on reasoning; nil if it does not say.
  package var reasoningTokens: Int?
  /// True: the provider has not counted all of it; the rest is taken from the length of the text.
  package var isEstimated: Bool

  package init(
    inputTokens: Int, outputTokens: Int, cachedTokens: Int? = nil, reasoningTokens: Int? = nil,
    isEstimated: Bool = false
  ) {
    self.inputTokens = inputTokens
    self.outputTokens = outputTokens
    self.cachedTokens = cachedTokens
    self.reasoningTokens = reasoningTokens
    self.isEstimated = isEstimated
  }

  /// `{"input_tokens":…,"output_tokens":…}`, with `"estimated":true` if it is: as clients and the `turn` table see it.
  package func write(to writer: inout JSONWriter) {
    writer.beginObject()
    writer.member("input_tokens", inputTokens)
    writer.member("output_tokens", outputTokens)
    writer.member("cached_tokens", cachedTokens)
    writer.member("reasoning_tokens", reasoningTokens)
    if isEstimated { writer.member("estimated", true) }
    writer.endObject()
  }
}
