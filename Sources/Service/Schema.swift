package import Store

/// What this program asks of the schema.
package enum Schema {
  /// Changes without which it refuses to start. Newer ones are fine: a DBA may deploy first.
  package static let needed = [
    "roles", "schema_change", "node", "surface", "model", "identity", "conversation", "turn", "turn_delta",
    "route_timeouts", "client_certificate", "history_token_limit", "conversation_delete", "routing", "delivery",
    "access", "identity_merged_idx", "usage", "identity_merge", "privacy", "conversation_surface_idx",
  ]

  /// Why the schema does not suit this program; nil if it does. Throws what the database says.
  package static func fault(in store: NodeStore, version: String) async throws(StoreError) -> String? {
    let changes: [(name: String, minimum: String?)]
    do {
      changes = try await store.schemaChanges()
    } catch {
      guard error.sqlstate == "42P01" || error.sqlstate == "3F000" else { throw error }
      return "schema `sluice` is not deployed: run `sqitch deploy --verify` in Migrations/"
    }
    let present = Set(changes.map(\.name))
    let missing = needed.filter { !present.contains($0) }
    if !missing.isEmpty {
      return "schema changes missing: \(missing.joined(separator: ", ")); run `sqitch deploy --verify` in Migrations/"
    }
    for (name, minimum) in changes {
      if let minimum, Self.isBelow(version, minimum) {
        return "schema change \(name) needs sluice \(minimum) or later; this is \(version)"
      }
    }
    return nil
  }

  /// Compares dotted numbers.
  private static func isBelow(_ version: String, _ minimum: String) -> Bool {
    func numbers(_ text: String) -> [Int] { text.split(separator: ".").map { Int($0) ?? 0 } }
    return numbers(version).lexicographicallyPrecedes(numbers(minimum))
  }
}
