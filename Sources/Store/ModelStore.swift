package import Chat
import SQL

/// The virtual models as users see them.
package struct ModelStore: Sendable {
  private let database: Database

  package init(_ database: Database) { self.database = database }

  package struct Model: Sendable, Equatable {
    package let name: String
    package let title: String
    /// The provider is asked to stream.
    package let streams: Bool
    /// Taken on this surface when a start names none.
    package let isDefault: Bool
    /// Seconds since 1970.
    package let createdAt: Int
  }

  /// What an identity can choose on a surface now, by name; none on a surface that is unknown or disabled.
  package func list(for identity: ID, surface: ID) async throws(StoreError) -> [Model] {
    let rows = try await database.run([Query(.modelList, .id(surface), .id(identity))])[0]
    return (0..<rows.count).map { row in
      Model(
        name: rows.string(row, 0) ?? "", title: rows.string(row, 1) ?? "", streams: rows.bool(row, 2) ?? true,
        isDefault: rows.bool(row, 3) ?? false, createdAt: rows.int(row, 4) ?? 0)
    }
  }
}
