package import Chat
import SQL

/// Surfaces, identities and keys.
package struct AccessStore: Sendable {
  private let database: Database

  package init(_ database: Database) { self.database = database }

  package struct Surface: Sendable, Equatable {
    package let id: ID
    package let name: String
    package let allowedOrigins: [String]
    /// Anonymous visitors may get a session.
    package let anonymous: Bool
    /// Least milliseconds between two replies to one reader.
    package let pace: Int
    /// Anonymous sessions a minute and node.
    package let sessionLimit: Int
    package let capabilities: Capabilities
  }

  /// All enabled surfaces.
  package func surfaces() async throws(StoreError) -> [Surface] {
    let rows = try await database.run([Query(.surfaces)])[0]
    return (0..<rows.count).compactMap { row in
      guard let id = rows.id(row, 0), let name = rows.string(row, 1) else { return nil }
      return Surface(
        id: id, name: name, allowedOrigins: rows.words(row, 3), anonymous: rows.bool(row, 4) ?? false,
        pace: rows.int(row, 5) ?? 250, sessionLimit: rows.int(row, 6) ?? 0,
        capabilities: Capabilities(names: rows.words(row, 7)))
    }
  }

  /// A new anonymous identity.
  package func create(identity: ID) async throws(StoreError) {
    _ = try await database.run([Query(.identityCreate, .id(identity))])
  }

  /// The surface and the service identity of a key, by its SHA-256; nil if it is unknown, revoked or expired.
  package func key(hash: [UInt8]) async throws(StoreError) -> (surface: ID, identity: ID)? {
    let rows = try await database.run([Query(.surfaceKeyFind, .bytes(hash))])[0]
    guard let surface = rows.id(0, 0), let identity = rows.id(0, 1) else { return nil }
    return (surface, identity)
  }

  /// The identity of a surface's external user; `fresh` becomes it on first sight.
  package func link(surface: ID, externalUser: String, fresh: ID) async throws(StoreError) -> ID {
    let rows = try await database.run([
      Query(.identityLink, .id(surface), .text(externalUser), .id(fresh))
    ])[0]
    guard let identity = rows.id(0, 0) else {
      throw StoreError(.misuse, cause: "identity_link returned no identity")
    }
    return identity
  }
}
