/// Why a model stopped, the same words for every provider.
package enum FinishReason: String, Sendable, CaseIterable {
  /// A natural end or a stop sequence.
  case stop
  /// The token limit was reached.
  case length
  /// The model asks for tools.
  case toolCalls = "tool_calls"
  /// The provider withheld the rest.
  case contentFilter = "content_filter"
}
