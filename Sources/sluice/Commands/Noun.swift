import Chat
import Store

/// A kind of thing that operators list and name.
protocol Noun {
  /// As in `sluice model` and in sentences.
  static var word: String { get }
  static var plural: String { get }
  static var list: AdminList { get }
  /// The key of a unique name; nil for what has none.
  static var nameKey: String? { get }
  static var idKey: String { get }
  /// What a list shows to people.
  static var columns: [Column] { get }
}

extension Noun {
  static var plural: String { "\(word)s" }
  static var nameKey: String? { "name" }
  static var idKey: String { "id" }

  /// Its id.
  static func id(of row: AdminRow) throws(Refusal) -> ID {
    guard let id = row.text(idKey).flatMap({ ID($0) }) else { throw Refusal("the database gave a \(word) without id") }
    return id
  }

  /// As sentences call it.
  static func label(of row: AdminRow) -> String {
    "\(word) \(Plain.line((nameKey.flatMap(row.text) ?? row.text(idKey)) ?? ""))"
  }

  /// The row that `reference` means: a name, a uuid, or the beginning of one.
  static func find(_ reference: String, in rows: [AdminRow]) throws(Refusal) -> AdminRow {
    if let nameKey, let row = rows.first(where: { $0.text(nameKey) == reference }) { return row }
    if let range = IDRange.parse(reference) {
      let found = rows.filter { row in row.text(idKey).flatMap { ID($0) }.map(range.contains) ?? false }
      if found.count == 1 { return found[0] }
      if found.count > 1 { throw Refusal("\(found.count) \(plural) begin with \(reference): type more of the id") }
    }
    let typed = Plain.line(reference)
    guard let nameKey else {
      let reason = IDRange.parse(reference) == nil ? ": give its id, or the first 8 digits or more" : ""
      throw Refusal("there is no \(word) \(typed)\(reason)")
    }
    let near = NearNames.of(reference, among: rows.compactMap { $0.text(nameKey) })
    throw Refusal("there is no \(word) \(typed)" + (near.isEmpty ? "" : "; near it: \(near.joined(separator: ", "))"))
  }
}
