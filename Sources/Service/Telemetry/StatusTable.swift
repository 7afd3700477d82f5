import Wire

/// A part of `/status`: rows of named values, the same for people and for programs.
struct StatusTable {
  enum Value {
    case text(String?)
    case count(Int)
    case flag(Bool)
    /// 0 to 1.
    case share(Double)
    /// Nil: not known.
    case seconds(Double?)
  }

  typealias Row = [(name: String, value: Value)]

  let name: String
  /// False where there is always exactly one row: then JSON has an object and no array.
  let isList: Bool
  /// Nil: not known.
  let rows: [Row]?

  /// One row.
  init(_ name: String, _ row: Row) {
    self.name = name
    isList = false
    rows = [row]
  }

  init(_ name: String, list rows: [Row]?) {
    self.name = name
    isList = true
    self.rows = rows
  }

  // MARK: for people

  /// The name and a heading, then a line for each row, in aligned columns.
  var lines: [String] {
    guard let rows else { return ["\(Self.words(name)):", "  not known"] }
    guard let first = rows.first else { return [] }
    let cells = [first.map { Self.words($0.name) }] + rows.map { $0.map { Self.text($0.value) } }
    let widths = first.indices.map { column in cells.map { $0[column].count }.max() ?? 0 }
    let lines = cells.map { row in
      let columns = zip(row, widths).map { $0 + String(repeating: " ", count: $1 - $0.count) }
      return "  \(columns.joined(separator: "   "))"
    }
    return ["\(Self.words(name)):"] + lines.map { String($0.trimmingTail()) }
  }

  private static func words(_ name: String) -> String { String(name.map { $0 == "_" ? " " : $0 }) }

  private static func text(_ value: Value) -> String {
    switch value {
    case .text(let text): text ?? "-"
    case .count(let count): String(count)
    case .flag(let flag): flag ? "yes" : "no"
    case .share(let share): "\(Int((share * 100).rounded())) %"
    case .seconds(let seconds): seconds.map(duration) ?? "-"
    }
  }

  /// With the unit that leaves few digits.
  private static func duration(_ seconds: Double) -> String {
    switch abs(seconds) {
    case ..<1: "\(tenths(seconds * 1e3)) ms"
    case ..<120: "\(tenths(seconds)) s"
    case ..<7_200: "\(Int(seconds / 60)) min"
    case ..<172_800: "\(Int(seconds / 3_600)) h"
    default: "\(Int(seconds / 86_400)) d"
    }
  }

  private static func tenths(_ value: Double) -> String { ((value * 10).rounded() / 10).description }

  // MARK: for programs

  /// A member of the object that is being written; names of times end with `_seconds`.
  func write(to writer: inout JSONWriter) {
    writer.key(escaping: name)
    guard let rows else { return writer.null() }
    if isList { writer.beginArray() }
    for row in rows {
      writer.beginObject()
      for (name, value) in row { Self.write(name, value, to: &writer) }
      writer.endObject()
    }
    if isList { writer.endArray() }
  }

  private static func write(_ name: String, _ value: Value, to writer: inout JSONWriter) {
    if case .seconds = value { writer.key(escaping: "\(name)_seconds") } else { writer.key(escaping: name) }
    switch value {
    case .text(let text): if let text { writer.string(text) } else { writer.null() }
    case .count(let count): writer.integer(count)
    case .flag(let flag): writer.bool(flag)
    case .share(let share): writer.raw(((share * 1e4).rounded() / 1e4).description)
    case .seconds(let seconds):
      if let seconds { writer.raw(((seconds * 1e6).rounded() / 1e6).description) } else { writer.null() }
    }
  }
}

extension String {
  /// Without blanks at the end.
  fileprivate func trimmingTail() -> Substring {
    lastIndex { $0 != " " }.map { self[...$0] } ?? ""
  }
}
