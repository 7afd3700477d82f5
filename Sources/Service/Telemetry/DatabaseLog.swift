import EventLoop
import Logging
import Store
import Synchronization

/// What the log says of one pool of connections: that PostgreSQL went away and came back, and what failed meanwhile.
///
/// What runs again and again fails again and again. While the pool has no connection that was told once and for all;
/// otherwise the same words come once a minute. The repetitions are there at `debug`.
final class DatabaseLog: Sendable {
  private struct State {
    var isAway = false
    /// The last words of each part, and when they were logged. As many as there are such calls in the code.
    var told: [String: (words: String, at: Instant)] = [:]
  }

  private let pool: DatabasePool
  private let log: Logger
  private let state = Mutex(State())

  /// Milliseconds before the same words are logged again.
  private static let pause = 60_000

  init(_ pool: DatabasePool, _ log: Logger) {
    self.pool = pool
    self.log = log
  }

  /// `DatabaseSettings.onReach` of the pool.
  func changed(_ reach: Database.Reach) {
    state.withLock { state in
      if case .lost = reach { state.isAway = true } else { state.isAway = false }
      state.told = [:]
    }
    switch reach {
    case .lost(let reason):
      log.warning("database lost", metadata: ["pool": "\(pool.text)", "error": "\(reason)"])
    case .back(let milliseconds):
      let after = milliseconds < 1_000 ? "\(milliseconds)ms" : "\((milliseconds + 500) / 1_000)s"
      log.info("database back", metadata: ["pool": "\(pool.text)", "after": "\(after)"])
    }
  }

  /// `part`: what was not done. `metadata` does not make the words others.
  func failed(_ part: String, _ error: StoreError, metadata: Logger.Metadata = [:], at now: Instant = .now()) {
    let words = error.description
    let isNews = state.withLock { state in
      if state.isAway { return false }
      if let last = state.told[part], last.words == words, now.milliseconds(since: last.at) < Self.pause {
        return false
      }
      state.told[part] = (words, now)
      return true
    }
    log.log(level: isNews ? .warning : .debug, "\(part)", metadata: metadata.merging(["error": "\(words)"]) { $1 })
  }
}
