package import Chat

extension Parameter {
  /// uuid.
  package static func id(_ value: ID?) -> Parameter { uuid(value.map { ($0.high, $0.low) }) }

  /// uuid[].
  package static func ids(_ values: [ID]) -> Parameter { uuidArray(values.map { ($0.high, $0.low) }) }
}

extension Rows {
  /// uuid.
  package func id(_ row: Int, _ column: Int) -> ID? {
    uuid(row, column).map { ID(high: $0.0, low: $0.1) }
  }

  /// text[] of words without quotes, braces or NULL: enough for what a check constraint allows in them.
  package func words(_ row: Int, _ column: Int) -> [String] {
    guard let text = string(row, column), text.hasPrefix("{"), text.hasSuffix("}") else { return [] }
    return text.dropFirst().dropLast().split(separator: ",").map { word in
      String(word.hasPrefix("\"") && word.hasSuffix("\"") && word.count > 1 ? word.dropFirst().dropLast() : word)
    }
  }
}
