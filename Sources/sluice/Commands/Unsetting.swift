import ArgumentParser
import Store

/// What `--unset` can empty: the options of a noun whose columns may be null. The raw value is the option's name.
protocol Unsetting: ExpressibleByArgument, CaseIterable, RawRepresentable, Sendable where RawValue == String {
  var column: String { get }
  /// All that it empties: more than one where several belong together.
  var columns: [String] { get }
}

extension Unsetting {
  var column: String { rawValue.split(separator: "-").joined(separator: "_") }

  var columns: [String] { [column] }

  static var names: String { allCases.map(\.rawValue).joined(separator: ", ") }
}

extension AdminChanges {
  /// Empties columns. `later`: columns that will be set once the database has been asked. Refuses what is set and unset at
  /// once, and a change that changes nothing.
  mutating func unset(_ options: [some Unsetting], later: [String] = []) throws {
    for option in options {
      guard !option.columns.contains(where: { (columns + later).contains($0) }) else {
        throw misuse("--\(option.rawValue) and --unset \(option.rawValue) exclude each other")
      }
      for column in option.columns { unset(column) }
    }
    if isEmpty, later.isEmpty { throw misuse("nothing to set: give one option at least") }
  }
}
