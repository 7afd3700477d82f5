package import Chat
import SQL

/// Identities as operators look at them and change them. There are many: they are found, never all listed.
package struct AdminIdentities: Sendable {
  private let database: Database

  package init(_ database: Database) { self.database = database }

  /// Which identities.
  package enum Among: Sendable {
    case recent
    /// By their own id.
    case identity(ClosedRange<ID>)
    /// Whom a surface, by its name, calls so.
    case link(surface: String, externalID: String)
  }

  /// The most rows that can be asked for.
  package static let limit = 1_000

  /// How many of the newest are looked at for `recent` ones of a kind: it may be a rare one.
  package static let depth = 100_000

  /// The newest first. `kind` counts for `recent` alone.
  package func rows(
    _ among: Among, kind: String? = nil, limit: Int = limit
  ) async throws(StoreError) -> [AdminRow] {
    let (way, range, surface, externalID): (String, ClosedRange<ID>?, String?, String?) =
      switch among {
      case .recent: ("recent", nil, nil, nil)
      case .identity(let range): ("identity", range, nil, nil)
      case .link(let surface, let externalID): ("link", nil, surface, externalID)
      }
    let query = Query(
      .adminIdentities, .text(way), .id(range?.lowerBound), .id(range?.upperBound), .text(surface), .text(externalID),
      .text(kind), .int(limit), .int(Self.depth))
    return try AdminStore.rows(await database.run([query])[0])
  }

  package func add(_ changes: AdminChanges, id: ID, kind: String) async throws(StoreError) {
    _ = try await database.run([
      Query(.adminIdentityAdd, .id(id), .text(kind)), Query(.adminIdentitySet, .id(id), changes.parameter),
    ])
  }

  package func set(_ changes: AdminChanges, id: ID) async throws(StoreError) {
    _ = try await database.run([Query(.adminIdentitySet, .id(id), changes.parameter)])
  }

  /// By which names surfaces know it.
  package func links(of identity: ID) async throws(StoreError) -> [AdminRow] {
    try AdminStore.rows(await database.run([Query(.adminIdentityLinks, .id(identity), .int(Self.limit))])[0])
  }

  /// False if it cannot be linked: a service, or one that is no more.
  package func link(_ identity: ID, surface: ID, externalID: String) async throws(StoreError) -> Bool {
    try await database.run([
      Query(.adminIdentityLink, .id(identity), .id(surface), .text(externalID))
    ])[0].affected > 0
  }

  /// False if there is no such link.
  package func unlink(surface: ID, externalID: String) async throws(StoreError) -> Bool {
    try await database.run([Query(.adminIdentityUnlink, .id(surface), .text(externalID))])[0].affected > 0
  }

  /// What `sluice.identity_merge` says.
  package func merge(_ gone: ID, into kept: ID) async throws(StoreError) -> String {
    try await database.run([Query(.adminIdentityMerge, .id(gone), .id(kept))])[0].string(0, 0) ?? ""
  }

  /// What is refused from now on.
  package enum Refused: Sendable {
    /// The tokens of an identity that were issued so far.
    case tokens(ID)
    /// One token, by its `jti`.
    case token(String)
    /// Whatever an identity comes by.
    case everything(ID)
  }

  /// The revocation, as it then stands.
  package func revoke(_ refused: Refused, reason: String?) async throws(StoreError) -> AdminRow? {
    let (identity, jti, isEverything): (ID?, String?, Bool) =
      switch refused {
      case .tokens(let identity): (identity, nil, false)
      case .token(let jti): (nil, jti, false)
      case .everything(let identity): (identity, nil, true)
      }
    let rows = try await database.run([
      Query(.adminIdentityRevoke, .id(identity), .text(jti), .text(reason), .bool(isEverything))
    ])[0]
    return try AdminStore.rows(rows).first
  }

  /// False if it was not blocked.
  package func unblock(_ identity: ID) async throws(StoreError) -> Bool {
    try await database.run([Query(.adminIdentityUnblock, .id(identity))])[0].affected > 0
  }
}
