import Synchronization

/// A number that one loop changes and any thread reads.
struct Tally: ~Copyable, Sendable {
  private let number = Atomic<Int>(0)

  var value: Int { number.load(ordering: .relaxed) }

  /// By the owning loop only: with one writer no locked instruction is needed.
  func add(_ difference: Int) { number.store(value &+ difference, ordering: .relaxed) }
}
