package import Chat
import SQL

/// What was used, and what is left, as operators look at it.
package struct AdminUsage: Sendable {
  private let database: Database

  package init(_ database: Database) { self.database = database }

  /// What sums are by.
  package enum Grouping: String, Sendable, CaseIterable { case day, model, surface, identity, team, project }

  /// The most rows that can be asked for.
  package static let limit = 1_000

  /// Sums over the turns that ended since a time that PostgreSQL reads.
  package func sums(
    by grouping: Grouping, since: String, limit: Int = limit
  ) async throws(StoreError) -> [AdminRow] {
    let query = Query(.adminUsage, .text(grouping.rawValue), .text(since), .int(limit))
    return try AdminStore.rows(await database.run([query])[0])
  }

  /// The limits that a start would meet, and what is left of each.
  package func left(of identity: ID, on surface: ID, model: ID?) async throws(StoreError) -> [AdminRow] {
    let query = Query(.adminUsageLeft, .id(identity), .id(surface), .id(model))
    return try AdminStore.rows(await database.run([query])[0])
  }
}
