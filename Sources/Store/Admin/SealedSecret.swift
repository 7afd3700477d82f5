package import Chat

/// A secret as its credential's row holds it.
package struct SealedSecret: Sendable {
  /// Of the credential.
  package let id: ID
  package let name: String
  package let sealed: [UInt8]
  /// Name of the key.
  package let key: String

  package init(id: ID, name: String, sealed: [UInt8], key: String) {
    self.id = id
    self.name = name
    self.sealed = sealed
    self.key = key
  }

  /// From id, name, sealed and sealed_key.
  init?(_ rows: Rows, _ row: Int) {
    guard let id = rows.id(row, 0), let sealed = rows.bytes(row, 2), let key = rows.string(row, 3) else { return nil }
    self.init(id: id, name: rows.string(row, 1) ?? "", sealed: sealed, key: key)
  }
}
