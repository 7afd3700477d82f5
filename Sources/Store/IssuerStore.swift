package import Chat
import SQL

/// Back ends whose JWTs are accepted, and the use of those that are good for one use.
package struct IssuerStore: Sendable {
  private let database: Database

  package init(_ database: Database) { self.database = database }

  package struct Issuer: Sendable, Equatable {
    /// Where its keys are: never the keys.
    package enum Keys: Sendable, Equatable {
      /// `https://…`, `http://…` or `file:/path`: a JSON Web Key Set.
      case jwks(String)
      /// `env:NAME` or `file:/path`: a shared secret.
      case secret(String)
    }

    package let id: ID
    package let surface: ID
    package let issuer: String
    package let audience: String
    package let algorithms: [String]
    package let keys: Keys
    /// Seconds.
    package let clockSkew: Int
    /// Seconds.
    package let lifetime: Int
    package let once: Bool

    package init(
      id: ID, surface: ID, issuer: String, audience: String, algorithms: [String], keys: Keys, clockSkew: Int = 30,
      lifetime: Int = 86_400, once: Bool = false
    ) {
      self.id = id
      self.surface = surface
      self.issuer = issuer
      self.audience = audience
      self.algorithms = algorithms
      self.keys = keys
      self.clockSkew = clockSkew
      self.lifetime = lifetime
      self.once = once
    }
  }

  /// All enabled ones of enabled surfaces, in the order of their ids.
  package func issuers() async throws(StoreError) -> [Issuer] {
    let rows = try await database.run([Query(.issuers)])[0]
    return (0..<rows.count).compactMap { Issuer(rows, $0) }
  }

  /// Records the use of a token that expires at `ends`, in seconds since 1970; false if it was used before.
  package func use(_ token: String, ends: Int) async throws(StoreError) -> Bool {
    try await database.run([Query(.tokenUse, .text(token), .int(ends))])[0].affected > 0
  }
}

extension IssuerStore.Issuer {
  /// From the columns of `issuers`.
  fileprivate init?(_ rows: Rows, _ row: Int) {
    guard let id = rows.id(row, 0), let surface = rows.id(row, 1), let issuer = rows.string(row, 2),
      let audience = rows.string(row, 3),
      let keys = rows.string(row, 5).map(Keys.jwks) ?? rows.string(row, 6).map(Keys.secret)
    else { return nil }
    self.init(
      id: id, surface: surface, issuer: issuer, audience: audience, algorithms: rows.words(row, 4), keys: keys,
      clockSkew: rows.int(row, 7) ?? 0, lifetime: rows.int(row, 8) ?? 0, once: rows.bool(row, 9) ?? true)
  }
}
