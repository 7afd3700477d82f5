/// Counts the tool calls of one answer. Some providers number the pieces of parallel calls, some give each whole call
/// the number 0, some number blocks of all kinds: a call that has another id, or comes where there was none, is a new one.
struct ToolCallCount: Sendable {
  private var calls: [(number: Int, id: String)] = []

  /// The call that a piece belongs to, and whether it begins with this piece. `number` is the provider's, `id` is empty
  /// where a piece names none.
  mutating func index(number: Int, id: String) -> (index: Int, isNew: Bool) {
    if let index = calls.lastIndex(where: { $0.number == number }), id.isEmpty || calls[index].id == id {
      return (index, false)
    }
    calls.append((number, id))
    return (calls.count - 1, true)
  }
}
