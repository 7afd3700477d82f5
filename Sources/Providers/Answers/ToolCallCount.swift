/// Counts the tool calls of one answer. Some providers number the pieces of parallel calls, some give each whole call
/// the number 0, some number blocks of all kinds: a call that has another id, or comes where there was none, is a new one.
struct ToolCallCount: Sendable {
  /// Calls, or blocks, that one answer may have open: what is longer is no answer, and must not fill the memory.
  static let limit = 1_024

  private var calls: [(number: Int, id: String)] = []

  /// The call that a piece belongs to, and whether it begins with this piece. `number` is the provider's, `id` is empty
  /// where a piece names none. Throws `upstream_malformed` past the limit.
  mutating func index(number: Int, id: String) throws(ProviderError) -> (index: Int, isNew: Bool) {
    if let index = calls.lastIndex(where: { $0.number == number }), id.isEmpty || calls[index].id == id {
      return (index, false)
    }
    try Self.check(calls.count)
    calls.append((number, id))
    return (calls.count - 1, true)
  }

  /// Throws if there is no room for one more beside so many.
  static func check(_ count: Int) throws(ProviderError) {
    guard count < limit else { throw ProviderError(.malformed, cause: "more than \(limit) calls or blocks") }
  }
}
