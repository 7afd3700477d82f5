package import Chat
import SQL

/// The rows by which nodes know of each other: incarnations, leases, verdicts.
package struct NodeStore: Sendable {
  private let database: Database

  package init(_ database: Database) { self.database = database }

  package struct Registration: Sendable {
    /// False if this incarnation was voided already.
    package let registered: Bool
    /// Another node with a live lease bears the same tag.
    package let tagShared: Bool
  }

  /// A new incarnation with its first lease, in milliseconds. May be repeated.
  package func register(
    _ incarnation: ID, tag: UInt16, host: String, version: String, lease: Int
  ) async throws(StoreError) -> Registration {
    let rows = try await database.run([
      Query(.nodeRegister, .id(incarnation), .int(Int(tag)), .text(host), .text(version), .int(lease))
    ])
    return Registration(registered: rows[0].int(0, 0) == 1, tagShared: rows[0].bool(0, 1) ?? false)
  }

  /// Renews the lease; false means voided.
  package func renew(
    _ incarnation: ID, lease: Int, completion: @escaping @Sendable (Result<Bool, StoreError>) -> Void
  ) {
    database.submit([Query(.nodeRenew, .id(incarnation), .int(lease))]) { result in
      completion(result.map { !$0[0].isEmpty })
    }
  }

  /// Whether another node lives.
  package func hasPeers(_ incarnation: ID) async throws(StoreError) -> Bool {
    try await database.run([Query(.nodePeers, .id(incarnation))])[0].bool(0, 0) ?? false
  }

  /// A node as PostgreSQL sees it.
  package struct Listed: Sendable, Equatable {
    package let incarnation: ID
    package let tag: Int
    package let host: String
    package let version: String
    /// Milliseconds that its lease still holds, by PostgreSQL's clock; below 0: for how long it has lapsed.
    package let lease: Int
    package let voided: Bool

    package init(incarnation: ID, tag: Int, host: String, version: String, lease: Int, voided: Bool) {
      self.incarnation = incarnation
      self.tag = tag
      self.host = host
      self.version = version
      self.lease = lease
      self.voided = voided
    }
  }

  /// The nodes that have a lease or had one within the last hour, at most 100.
  package func list(completion: @escaping @Sendable (Result<[Listed], StoreError>) -> Void) {
    database.submit([Query(.nodeList)]) { result in
      completion(
        result.map { all in
          let rows = all[0]
          return (0..<rows.count).compactMap { row in
            guard let incarnation = rows.id(row, 0) else { return nil }
            return Listed(
              incarnation: incarnation, tag: rows.int(row, 1) ?? 0, host: rows.string(row, 2) ?? "",
              version: rows.string(row, 3) ?? "", lease: rows.int(row, 4) ?? 0, voided: rows.bool(row, 5) ?? false)
          }
        })
    }
  }

  /// Ends the lease now.
  package func leave(_ incarnation: ID) async throws(StoreError) {
    _ = try await database.run([Query(.nodeLeave, .id(incarnation))])
  }

  /// A node that was voided.
  package struct Voided: Sendable, Equatable {
    package let incarnation: ID
    package let host: String
    /// It ended its lease by itself.
    package let hadLeft: Bool
  }

  /// Voids every other node whose lease has lapsed, if this one has had unbroken contact for one full `lease`, in
  /// milliseconds; returns those it voided.
  package func void(for incarnation: ID, lease: Int) async throws(StoreError) -> [Voided] {
    let rows = try await database.run([Query(.nodeVoid, .id(incarnation), .int(lease))])[0]
    return (0..<rows.count).compactMap { row in
      rows.id(row, 0).map {
        Voided(incarnation: $0, host: rows.string(row, 1) ?? "", hadLeft: rows.bool(row, 2) ?? false)
      }
    }
  }

  /// Ends up to `limit` live turns of voided nodes; returns those it ended.
  package func reap(limit: Int) async throws(StoreError) -> [(turn: ID, state: String)] {
    try await end(limit: limit, owner: nil, turns: [])
  }

  /// Ends these live turns of one owner; returns those it ended.
  package func end(_ turns: [ID], of owner: ID) async throws(StoreError) -> [(turn: ID, state: String)] {
    try await end(limit: turns.count, owner: owner, turns: turns)
  }

  /// The live turns of an incarnation.
  package func liveTurns(of incarnation: ID) async throws(StoreError) -> [ID] {
    let rows = try await database.run([Query(.turnsLive, .id(incarnation))])[0]
    return (0..<rows.count).compactMap { rows.id($0, 0) }
  }

  private func end(
    limit: Int, owner: ID?, turns: [ID]
  ) async throws(StoreError) -> [(turn: ID, state: String)] {
    func events(_ state: TurnState) -> Parameter {
      .utf8(Array(Terminal(state: state).events.joined(separator: [0x2C])))
    }
    let rows = try await database.run([
      Query(
        .turnReap, .int(limit), events(.interrupted), events(.cancelled), .id(owner), .ids(turns),
        .int(TokenEstimate.bytesOfText), .int(TokenEstimate.image))
    ])[0]
    return (0..<rows.count).compactMap { row in
      rows.id(row, 0).map { ($0, rows.string(row, 1) ?? "") }
    }
  }

  /// Rows purged in one statement.
  private static let purgeLimit = 10_000

  /// Hourly housekeeping: old keys and revocations, tokens that were used, old nodes, the ring. Returns what the ring's
  /// function said.
  package func tidy() async throws(StoreError) -> String {
    for purge in [Statement.idempotencyPurge, .tokenUsePurge, .revocationPurge] {
      while try await database.run([Query(purge, .int(Self.purgeLimit))])[0].affected == Self.purgeLimit {}
    }
    _ = try await database.run([Query(.nodePurge)])
    return try await database.run([Query(.ringRecycle)])[0].string(0, 0) ?? ""
  }

  /// Conversations deleted in one statement.
  private static let expiryLimit = 100

  /// Deletes some conversations that are older than their surface keeps them; returns how many. 0: none are left.
  package func expire() async throws(StoreError) -> Int {
    try await database.run([Query(.conversationExpire, .int(Self.expiryLimit))])[0].int(0, 0) ?? 0
  }

  /// Names of the changes that are deployed, with the oldest program each allows, if it says.
  package func schemaChanges() async throws(StoreError) -> [(name: String, minimum: String?)] {
    let rows = try await database.run([Query(.schemaChanges)])[0]
    return (0..<rows.count).map { (rows.string($0, 0) ?? "", rows.string($0, 1)) }
  }
}
