import Store

/// A column of a table for people.
struct Column {
  let key: String
  let title: String

  /// The title is the key in capitals, unless it is said.
  init(_ key: String, _ title: String? = nil) {
    self.key = key
    self.title = title ?? key.uppercased().split(separator: "_").joined(separator: " ")
  }
}
