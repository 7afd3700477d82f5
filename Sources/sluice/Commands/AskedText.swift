import Wire

/// How the providers were asked for a turn (its column `upstream`), for people.
enum AskedText {
  /// A line for each attempt, and one for the provider's request id and the times to its first byte and text.
  static func text(_ json: String) -> String {
    guard let document = try? JSONDocument(parsing: json) else { return Plain.line(json) }
    let root = document.root
    let attempts = root["attempts"].map { $0.elements.map(attempt) } ?? []
    let rest = [
      root["request"]?.string.map { "request \($0)" },
      milliseconds(root["first_byte_ms"]).map { "first byte after \($0)" },
      milliseconds(root["first_text_ms"]).map { "first text after \($0)" },
    ]
    let last = rest.compactMap(\.self).joined(separator: ", ")
    return (attempts + (last.isEmpty ? [] : [last])).map(Plain.line).joined(separator: "\n")
  }

  private static func attempt(_ attempt: JSONElement) -> String {
    let status = attempt["status"]?.int.map { " (HTTP \($0))" } ?? ""
    let outcome = attempt["error"]?.string.map { "\($0)\(status)" } ?? "served"
    let took = milliseconds(attempt["ms"]).map { " after \($0)" } ?? ""
    return "route \(attempt["route"]?.string ?? "-"): \(outcome)\(took)"
  }

  private static func milliseconds(_ element: JSONElement?) -> String? { element?.int.map { "\($0) ms" } }
}
