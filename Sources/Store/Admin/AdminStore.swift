package import Chat
import SQL

/// Configuration as operators edit it.
package struct AdminStore: Sendable {
  let database: Database

  package init(_ database: Database) { self.database = database }

  /// All rows: configuration is small.
  package func rows(_ list: AdminList) async throws(StoreError) -> [AdminRow] {
    try Self.rows(await database.run([Query(list.statement)])[0])
  }

  /// A new row, as it then stands.
  package func add(_ changes: AdminChanges, id: ID, to table: AdminTable) async throws(StoreError) -> AdminRow? {
    let changes = changes.parameter
    let results = try await database.run([
      Query(table.add, .id(id), changes), Query(table.set, .id(id), changes), Query(table.list.statement),
    ])
    return try Self.rows(results[2]).first { $0.text("id") == id.description }
  }

  /// The row as it then stands; nil if it is not there any more.
  package func set(_ changes: AdminChanges, id: ID, in table: AdminTable) async throws(StoreError) -> AdminRow? {
    let results = try await database.run([
      Query(table.set, .id(id), changes.parameter), Query(table.list.statement),
    ])
    return try Self.rows(results[1]).first { $0.text("id") == id.description }
  }

  /// A new key in the place of `old`, which holds for `grace` more seconds, unless it ends before; as it then stands,
  /// or nil if the old one is not there any more, or revoked.
  package func rotate(
    key old: ID, as new: ID, hash: [UInt8], _ changes: AdminChanges, grace: Int
  ) async throws(StoreError) -> AdminRow? {
    let results = try await database.run([
      Query(.adminKeyRotate, .id(new), .id(old), .bytes(hash), .int(grace)),
      Query(.adminKeySet, .id(new), changes.parameter), Query(.adminKeys),
    ])
    return try Self.rows(results[2]).first { $0.text("id") == new.description }
  }

  /// What operators changed, the newest first; since so many seconds ago, or a time as PostgreSQL reads it, or ever.
  package func audit(
    seconds: Int?, since: String?, table: String?, limit: Int
  ) async throws(StoreError) -> [AdminRow] {
    let query = Query(
      .adminAudit, .text(seconds.map { String($0) }), .text(since), .text(table), .int(limit))
    return try Self.rows(await database.run([query])[0])
  }

  /// False if it was not there any more.
  package func remove(_ id: ID, from table: AdminTable) async throws(StoreError) -> Bool {
    try await database.run([Query(table.remove, .id(id))])[0].affected > 0
  }

  /// All that are sealed, by name.
  package func sealedSecrets() async throws(StoreError) -> [SealedSecret] {
    let rows = try await database.run([Query(.adminCredentialSealed)])[0]
    return (0..<rows.count).compactMap { SealedSecret(rows, $0) }
  }

  /// Puts the same secret, sealed anew, in the place of `former`; false if somebody has changed it meanwhile.
  package func reseal(_ former: SealedSecret, as sealed: [UInt8], key: String) async throws(StoreError) -> Bool {
    let query = Query(
      .adminCredentialReseal, .id(former.id), .bytes(former.sealed), .bytes(sealed), .text(key))
    return try await database.run([query])[0].affected > 0
  }

  /// Takes a lapsed node's lease for good; false if it holds, or is taken already.
  package func void(node incarnation: ID) async throws(StoreError) -> Bool {
    try await database.run([Query(.adminNodeVoid, .id(incarnation))])[0].affected > 0
  }

  /// As whom the connection asks.
  package func role() async throws(StoreError) -> String {
    try await database.run([Query(.adminRole)])[0].string(0, 0) ?? ""
  }

  /// The words that a constraint lists, as it is deployed; empty for one that lists none.
  package func words(of constraint: String) async throws(StoreError) -> [String] {
    let definition = try await database.run([Query(.adminConstraint, .text(constraint))])[0].string(0, 0) ?? ""
    // As in CHECK ((kind = ANY (ARRAY['web'::text, 'teams'::text]))).
    let parts = definition.split(separator: "'", omittingEmptySubsequences: false)
    return stride(from: 1, to: parts.count, by: 2).map { String(parts[$0]) }
  }

  static func rows(_ result: Rows) throws(StoreError) -> [AdminRow] {
    var rows: [AdminRow] = []
    for row in 0..<result.count {
      guard let read = AdminRow(json: result.utf8(row, 0) ?? []) else {
        throw StoreError(.misuse, cause: "a row holds a number that this program cannot read")
      }
      rows.append(read)
    }
    return rows
  }
}
