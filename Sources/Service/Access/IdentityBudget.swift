import Chat
import EventLoop
import Synchronization

/// What the database bears of one identity's requests, whichever turns or conversations they are about.
final class IdentityBudget: Sendable {
  /// Pace of what looks up one row or a few: no client that waits for its answers is faster.
  static let lookUps = 20
  /// Pace of what reads whole pages.
  static let pages = 200

  /// Identities counted at once.
  static let limit = 10_000

  private let pace: Int
  private let budgets = Mutex<[ID: ReaderBudget]>([:])

  /// `pace`: milliseconds; four times as often is borne, and a burst (`ReaderBudget`).
  init(pace: Int) { self.pace = pace }

  /// Takes one request. Nil: go on; else milliseconds to wait.
  func take(of identity: ID, at now: Instant = .now()) -> Int? {
    budgets.withLock { budgets in
      if budgets.count >= Self.limit { budgets.removeAll(keepingCapacity: true) }
      return budgets[identity, default: ReaderBudget()].take(
        reader: "", pace: pace, now: Int(now.nanoseconds / 1_000_000))
    }
  }
}
