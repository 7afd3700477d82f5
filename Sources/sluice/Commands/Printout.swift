import Glibc
import Store
import Wire

/// What commands write to standard output: aligned columns for people, or JSON.
enum Printout {
  /// A table, or one array. That a table is empty goes to standard error, so that a pipe gets nothing.
  static func list(_ rows: [AdminRow], columns: [Column], plural: String, json: Bool) {
    if json {
      print("[" + rows.map { String(decoding: $0.json, as: UTF8.self) }.joined(separator: ",\n ") + "]")
    } else if rows.isEmpty {
      note("no \(plural)")
    } else {
      let cells = rows.map { row in
        columns.map { column in Plain.line(Plain.value(row[column.key])) }
      }
      for line in aligned([columns.map(\.title)] + cells) { print(line) }
    }
  }

  /// A line for each member, or one object. `texts`: what people read for some members.
  static func one(_ row: AdminRow, json: Bool, texts: [String: String] = [:]) {
    if json { return print(String(decoding: row.json, as: UTF8.self)) }
    let width = row.members.map(\.key.count).max() ?? 0
    for (key, value) in row.members {
      let lines = (texts[key] ?? Plain.value(value)).split(separator: "\n", omittingEmptySubsequences: false)
      for (index, line) in lines.enumerated() {
        print(trimmed(padded(index == 0 ? key : "", to: width) + "  " + line))
      }
    }
  }

  /// What was done: the row for programs, a sentence for people.
  static func done(_ sentence: String, _ row: AdminRow, json: Bool) {
    if json { one(row, json: true) } else { print(sentence) }
  }

  /// What a turn's content says, for people: `AdminTurns.content`.
  static func said(_ content: AdminRow) {
    var parts: [(who: String, text: String)] = [("user", text(of: content["user_message"]))]
    if content["message"] != .null {
      parts.append(("assistant", text(of: content["message"])))
    } else if let log = content.text("text") {
      parts.append(("assistant, so far", log))
    }
    for (who, text) in parts { print("\n\(who):\n\(Plain.paragraph(text))") }
    if let metadata = content.json("metadata"), metadata != "{}" { print("\nmetadata:\n\(Plain.line(metadata))") }
  }

  /// The text parts of a message, and the kind of each other part.
  private static func text(of parts: AdminRow.Value) -> String {
    guard case .json(let json) = parts, let document = try? JSONDocument(parsing: json) else { return "-" }
    return document.root.elements.map { $0["text"]?.string ?? "[\($0["type"]?.string ?? "part")]" }.joined()
  }

  /// A line on standard error.
  static func note(_ text: String) {
    let line = Array("\(text)\n".utf8)
    _ = write(STDERR_FILENO, line, line.count)
  }

  /// Columns two spaces apart.
  private static func aligned(_ rows: [[String]]) -> [String] {
    let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
      trimmed(zip(row, widths).map { padded($0, to: $1) }.joined(separator: "  "))
    }
  }

  private static func padded(_ text: String, to width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
  }

  private static func trimmed(_ line: String) -> String {
    var line = line[...]
    while line.last == " " { line.removeLast() }
    return String(line)
  }
}
