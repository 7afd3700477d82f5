package import Chat
import SQL

/// By which names surfaces know a person, and how two identities become one.
package struct LinkStore: Sendable {
  private let database: Database

  package init(_ database: Database) { self.database = database }

  /// Links that are listed at most.
  private static let listLimit = 1_000

  package struct Link: Sendable, Equatable {
    /// Name of the surface.
    package let surface: String
    package let externalID: String
    /// Microseconds since 1970 (UTC).
    package let since: Int
  }

  /// What became of two identities that are to be one.
  package enum Outcome: Sendable, Equatable {
    case done
    /// They were one before.
    case same
    /// A turn of the one that is to go streams: to be tried again.
    case busy
    /// One of them is not what it was: it is another one now, or gone.
    case outdated
    /// One of them is a service, or blocked.
    case refused
    /// The code was used before.
    case used
  }

  /// What became of the word of a trusted surface.
  package enum Assertion: Sendable, Equatable {
    /// There was no such external user: it is the person from now on.
    case linked
    /// There was one: `who` and the person.
    case merged(who: ID, Outcome)
    /// The surface is not trusted with links.
    case untrusted
    case noSurface
    /// The person is not what it was, or somebody else links the same user just now: to be tried again.
    case outdated
  }

  /// The newest first.
  package func list(_ identity: ID) async throws(StoreError) -> [Link] {
    let rows = try await database.run([Query(.identityLinks, .id(identity), .int(Self.listLimit))])[0]
    return (0..<rows.count).map { row in
      Link(surface: rows.string(row, 0) ?? "", externalID: rows.string(row, 1) ?? "", since: rows.int(row, 2) ?? 0)
    }
  }

  /// Takes back a link of this identity. The surface's id; nil if it has no such link.
  package func unlink(_ identity: ID, surface: String, externalID: String) async throws(StoreError) -> ID? {
    try await database.run([
      Query(.identityUnlink, .id(identity), .text(surface), .text(externalID))
    ])[0].id(0, 0)
  }

  /// Makes `gone` become `kept` by a code that is good for one use. `expires`: of the code, in seconds since 1970.
  package func redeem(code: ID, expires: Int, gone: ID, kept: ID) async throws(StoreError) -> Outcome {
    let rows: Rows
    do {
      rows = try await database.run([
        Query(.identityRedeem, .text("link:\(code)"), .int(expires), .id(gone), .id(kept))
      ])[0]
    } catch {
      // Somebody else did so at the same moment.
      guard error.constraint == "token_use_pkey" else { throw error }
      return .used
    }
    return Outcome(rows.string(0, 0))
  }

  /// A surface says that the external user of another one is the same person as one of its own.
  package func assert(
    by surface: ID, of person: ID, surface name: String, externalID: String
  ) async throws(StoreError) -> Assertion {
    let rows = try await database.run([
      Query(.identityAssert, .id(surface), .id(person), .text(name), .text(externalID))
    ])[0]
    guard rows.bool(0, 0) == true else { return .untrusted }
    guard rows.bool(0, 1) == true else { return .noSurface }
    if rows.bool(0, 2) == true { return .linked }
    guard let who = rows.id(0, 3) else { return .outdated }
    return .merged(who: who, Outcome(rows.string(0, 4)))
  }
}

extension LinkStore.Outcome {
  /// From what the function says; nil if it was not called, as the code is used.
  fileprivate init(_ word: String?) {
    self =
      switch word {
      case "done": .done
      case "same": .same
      case "busy": .busy
      case "absent", "merged", "erased": .outdated
      case nil: .used
      default: .refused
      }
  }
}
