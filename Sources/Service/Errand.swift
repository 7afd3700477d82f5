import Synchronization

/// A job that is done again and again, one at a time: while PostgreSQL hangs they must not pile up, and no answer may
/// overtake a newer one.
final class Errand: Sendable {
  private let job: @Sendable (_ done: @escaping @Sendable () -> Void) -> Void
  private let isUnderWay = Atomic<Bool>(false)

  /// `job` calls `done` once, when all it began has ended.
  init(_ job: @escaping @Sendable (_ done: @escaping @Sendable () -> Void) -> Void) { self.job = job }

  /// Does nothing while the former one is under way.
  func run() {
    guard isUnderWay.compareExchange(expected: false, desired: true, ordering: .acquiringAndReleasing).exchanged else {
      return
    }
    job { [self] in isUnderWay.store(false, ordering: .releasing) }
  }
}
