package import Chat
import SQL

/// Who has which role.
extension AdminStore {
  package enum Giving: Sendable, Equatable {
    /// Now, or before.
    case given
    case absent
    /// It has become this identity.
    case merged(ID)
    case erased
  }

  package func give(role: ID, to identity: ID) async throws(StoreError) -> Giving {
    let rows = try await database.run([Query(.adminRoleGive, .id(role), .id(identity))])[0]
    if rows.isEmpty { return .absent }
    if let other = rows.id(0, 1) { return .merged(other) }
    return rows.bool(0, 2) == true ? .erased : .given
  }

  package func take(role: ID, from identity: ID) async throws(StoreError) {
    _ = try await database.run([Query(.adminRoleTake, .id(role), .id(identity))])
  }
}
