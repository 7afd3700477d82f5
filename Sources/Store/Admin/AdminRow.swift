import Wire

/// A row as operators see it: one JSON object, whose keys are the names of the columns.
package struct AdminRow: Sendable {
  package enum Value: Sendable, Equatable {
    case null
    case text(String)
    case bool(Bool)
    /// An array of texts alone; also an empty array.
    case texts([String])
    /// A number, another array or an object, as JSON without white space.
    case json(String)
  }

  /// The object as PostgreSQL wrote it.
  package let json: [UInt8]
  /// Its members in their order.
  package let members: [(key: String, value: Value)]

  /// Nil for what is no object, or holds a number that fits neither a double nor 64 bits.
  package init?(json: [UInt8]) {
    guard let document = try? JSONDocument(parsing: json), document.root.kind == .object else { return nil }
    self.json = json
    members = document.root.members.map { name, value in
      let read: Value =
        switch value.kind {
        case .null: .null
        case .string: .text(value.string ?? "")
        case .bool: .bool(value.bool ?? false)
        case .array where value.elements.allSatisfy({ $0.kind == .string }): .texts(value.elements.compactMap(\.string))
        case .number, .array, .object: .json(String(decoding: value.minified ?? [], as: UTF8.self))
        }
      return (name.string ?? "", read)
    }
  }

  /// Null also for a key that is not there.
  package subscript(key: String) -> Value { members.first { $0.key == key }?.value ?? .null }

  /// Nil for what is no text.
  package func text(_ key: String) -> String? {
    if case .text(let text) = self[key] { text } else { nil }
  }

  /// Nil for what is no whole number.
  package func int(_ key: String) -> Int? {
    if case .json(let json) = self[key] { Int(json) } else { nil }
  }

  package func bool(_ key: String) -> Bool? {
    if case .bool(let bool) = self[key] { bool } else { nil }
  }

  /// Nil for what is no number, object or array but of texts alone.
  package func json(_ key: String) -> String? {
    if case .json(let json) = self[key] { json } else { nil }
  }

  /// With the members of another row behind its own.
  package func joined(with other: AdminRow) -> AdminRow? {
    AdminRow(json: json.dropLast() + [UInt8(ascii: ",")] + other.json.dropFirst())
  }

  /// With one more member.
  package func adding(_ key: String, _ value: String) -> AdminRow? {
    var writer = JSONWriter()
    writer.beginObject()
    writer.key(escaping: key)
    writer.string(value)
    writer.endObject()
    return AdminRow(json: writer.bytes).flatMap(joined)
  }
}
