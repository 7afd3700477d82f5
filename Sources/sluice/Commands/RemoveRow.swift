import ArgumentParser
import Store

/// A noun that operators may take away.
protocol RemovableNoun: ListedNoun {
  static var table: AdminTable { get }
  static var removeAbstract: String { get }
  static var removeExamples: String { get }
  /// What is said of a row that was removed.
  static func removed(_ row: AdminRow) -> String
  /// Why a row has to stay that others point at by `constraint`; nil for what the constraint's own words tell.
  static func held(_ row: AdminRow, by constraint: String, in store: AdminStore) async throws -> Refusal?
  /// Takes `row` away, or does what stands for it. Throws `Refusal`.
  static func remove(_ row: AdminRow, from store: AdminStore) async throws -> Removal
}

/// What became of a row that was to go.
struct Removal {
  /// For people.
  let sentence: String
  /// As it was, or as it now stands if it stays.
  let row: AdminRow
  /// Not what was asked for: programs, which read the row, are told as well.
  var isNoteworthy = false
}

extension RemovableNoun {
  static var removeAbstract: String { "Remove a \(word)." }

  static func removed(_ row: AdminRow) -> String { "removed \(label(of: row))" }

  static func held(_ row: AdminRow, by constraint: String, in store: AdminStore) async throws -> Refusal? { nil }

  static func remove(_ row: AdminRow, from store: AdminStore) async throws -> Removal {
    do {
      guard try await store.remove(try id(of: row), from: table) else { throw Refusal.gone }
    } catch let error as StoreError {
      guard let constraint = error.constraint, let refusal = try await held(row, by: constraint, in: store) else {
        throw error
      }
      throw refusal
    }
    return Removal(sentence: removed(row), row: row)
  }
}

/// `sluice NOUN remove`
struct RemoveRow<N: RemovableNoun>: AsyncParsableCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(commandName: "remove", abstract: N.removeAbstract, discussion: N.removeExamples)
  }

  @Argument(help: N.referenceHelp)
  var reference: String

  @OptionGroup var options: AdminOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    try await Administration.run(options) { admin in
      let row = try N.find(reference, in: try await admin.store.rows(N.list))
      let removal = try await N.remove(row, from: admin.store)
      if removal.isNoteworthy, output.json { Printout.note(removal.sentence) }
      Printout.done(removal.sentence, removal.row, json: output.json)
    }
  }
}
