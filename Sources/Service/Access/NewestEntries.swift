/// A dictionary of at most so many entries: a new one takes the place of the oldest.
struct NewestEntries<Key: Hashable & Sendable, Value: Sendable>: Sendable {
  private let limit: Int
  private var values: [Key: Value] = [:]
  /// The keys in the order they came, from `first` on.
  private var order: [Key] = []
  private var first = 0

  init(limit: Int) { self.limit = limit }

  var count: Int { values.count }
  var isEmpty: Bool { values.isEmpty }

  subscript(key: Key) -> Value? { values[key] }

  /// A key that is there keeps its age. True if the oldest one had to go.
  mutating func put(_ value: Value, for key: Key) -> Bool {
    if values.updateValue(value, forKey: key) != nil { return false }
    order.append(key)
    guard values.count > limit else { return false }
    values[order[first]] = nil
    first += 1
    if first > limit {
      order.removeFirst(first)
      first = 0
    }
    return true
  }
}
