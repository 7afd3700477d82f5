import ArgumentParser
import Store

/// What `--unset` can empty: the options of a noun whose columns may be null. The raw value is the option's name.
protocol Unsetting: ExpressibleByArgument, CaseIterable, RawRepresentable, Sendable where RawValue == String {
  var column: String { get }
}

extension Unsetting {
  var column: String { rawValue.split(separator: "-").joined(separator: "_") }

  static var names: String { allCases.map(\.rawValue).joined(separator: ", ") }
}

extension AdminChanges {
  /// Empties columns. `later`: columns that will be set once the database has been asked. Refuses what is set and unset at
  /// once, and a change that changes nothing.
  mutating func unset(_ options: [some Unsetting], later: [String] = []) throws {
    for option in options {
      guard !(columns + later).contains(option.column) else {
        throw misuse("--\(option.rawValue) and --unset \(option.rawValue) exclude each other")
      }
      unset(option.column)
    }
    if isEmpty, later.isEmpty { throw misuse("nothing to set: give one option at least") }
  }
}
