package import Chat
import SQL

/// What turns reserve of limits while they run, and what is left of reservations that are over.
package struct UsageStore: Sendable {
  private let database: Database

  package init(_ database: Database) { self.database = database }

  package enum Verdict: Sendable, Equatable {
    /// So many tokens may be used in all, perhaps less than were asked for; nil: no limit counts them any more.
    case granted(Int?)
    /// The node's row is voided or its lease has lapsed: nothing was reserved.
    case fenced
    /// The turn is not this node's any more, or has ended.
    case notOurs
  }

  /// Reserves `tokens` in all for a live turn of this node, or what its limits leave. May be repeated.
  package func extend(
    _ turn: ID, to tokens: Int, incarnation: ID,
    completion: @escaping @Sendable (Result<Verdict, StoreError>) -> Void
  ) {
    database.submit([Query(.usageExtend, .id(incarnation), .id(turn), .int(tokens))]) { result in
      completion(
        result.map { rows in
          guard rows[0].int(0, 0) == 1 else { return .fenced }
          guard rows[0].int(0, 1) == 1 else { return .notOurs }
          return .granted(rows[0].int(0, 2))
        })
    }
  }

  /// Rows deleted in one statement.
  private static let purgeLimit = 10_000

  /// Hourly housekeeping: reservations of turns that do not run, and counts of times that are over.
  package func tidy() async throws(StoreError) {
    for statement in [Statement.usageHoldPurge, .usageCounterPurge] {
      while try await database.run([Query(statement, .int(Self.purgeLimit))])[0].affected == Self.purgeLimit {}
    }
  }
}
