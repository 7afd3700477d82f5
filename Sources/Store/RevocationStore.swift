package import Chat
import SQL

/// Which tokens are refused before they expire, and which identities have become others.
package struct RevocationStore: Sendable {
  private let database: Database

  package init(_ database: Database) { self.database = database }

  package enum Revocation: Sendable, Equatable {
    /// The tokens of an identity that were issued up to then, in seconds since 1970; nil: whatever it comes by.
    case identity(ID, through: Int?)
    /// One token, by its `jti`.
    case token(String)
  }

  /// An identity, and the one that it has become.
  package struct Merge: Sendable, Equatable {
    package let gone: ID
    package let kept: ID

    package init(gone: ID, kept: ID) {
      self.gone = gone
      self.kept = kept
    }
  }

  /// Both in one transaction, the newest first, at most `limit` of each. `seconds`: only those made so lately; nil: all
  /// revocations, and the merges of `lifetime` seconds.
  package func read(
    seconds: Int?, lifetime: Int, limit: Int
  ) async throws(StoreError) -> (revocations: [Revocation], merges: [Merge]) {
    let results = try await database.run([
      Query(.revocations, .int(seconds), .int(limit)), Query(.identityMerges, .int(seconds ?? lifetime), .int(limit)),
    ])
    return (Self.revocations(results[0]), Self.merges(results[1]))
  }

  /// Who an identity is now, maybe itself; nil if it is gone.
  package func now(_ identity: ID) async throws(StoreError) -> ID? {
    try await database.run([Query(.identityNow, .id(identity))])[0].id(0, 0)
  }

  private static func revocations(_ rows: Rows) -> [Revocation] {
    (0..<rows.count).compactMap { row in
      if let identity = rows.id(row, 0) { return .identity(identity, through: rows.int(row, 2)) }
      return rows.string(row, 1).map { .token($0) }
    }
  }

  private static func merges(_ rows: Rows) -> [Merge] {
    (0..<rows.count).compactMap { row in
      guard let gone = rows.id(row, 0), let kept = rows.id(row, 1) else { return nil }
      return Merge(gone: gone, kept: kept)
    }
  }
}
