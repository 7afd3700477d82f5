import Store

extension RemovableNoun {
  /// Changes the row that `reference` means. Throws `Refusal`.
  static func change(_ reference: String, _ changes: AdminChanges, in store: AdminStore) async throws -> AdminRow {
    let row = try find(reference, in: try await store.rows(list))
    guard let changed = try await store.set(changes, id: id(of: row), in: table) else { throw Refusal.gone }
    return changed
  }
}
