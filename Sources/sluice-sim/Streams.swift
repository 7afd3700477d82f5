/// How many answers are under way at once, in all and by model.
struct Streams: Sendable {
  struct Count: Equatable, Sendable {
    var open = 0
    /// The most there ever were at once.
    var max = 0

    mutating func begin() {
      open += 1
      max = Swift.max(max, open)
    }
  }

  /// For how many models it remembers a maximum; above it, those with nothing under way are forgotten.
  static let capacity = 10_000

  private var all = Count()
  private var models: [String: Count] = [:]

  /// - Parameter model: only answers of exactly this model; nil is all.
  func count(model: String?) -> Count { model.map { models[$0] ?? Count() } ?? all }

  mutating func begin(_ model: String) {
    if models.count >= Self.capacity && models[model] == nil { models = models.filter { $0.value.open > 0 } }
    all.begin()
    models[model, default: Count()].begin()
  }

  mutating func end(_ model: String) {
    all.open -= 1
    models[model]?.open -= 1
  }

  /// Forgets the maxima; what is under way counts on.
  mutating func clear() {
    all.max = all.open
    models = models.compactMapValues { $0.open > 0 ? Count(open: $0.open, max: $0.open) : nil }
  }
}
