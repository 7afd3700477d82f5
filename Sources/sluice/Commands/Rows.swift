import ArgumentParser
import Store

/// A noun with words for the help of what all nouns can do.
protocol ListedNoun: Noun {
  static var listAbstract: String { get }
  static var listExamples: String { get }
  static var showExamples: String { get }
}

extension ListedNoun {
  static var listAbstract: String { "List the \(plural)." }

  /// How a command says which one is meant.
  static var referenceHelp: ArgumentHelp {
    ArgumentHelp(nameKey == nil ? "Id, or its first digits." : "Name, id, or the id's first digits.")
  }
}

/// A noun of which each belongs to one of another noun.
protocol OwnedNoun: ListedNoun {
  associatedtype Owner: Noun
  /// The owner as the help calls it.
  static var ownerTitle: String { get }
}

/// `sluice NOUN list`
struct ListRows<N: ListedNoun>: AsyncParsableCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(commandName: "list", abstract: N.listAbstract, discussion: N.listExamples)
  }

  @OptionGroup var options: AdminOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    try await Administration.run(options) { admin in
      Printout.list(try await admin.store.rows(N.list), columns: N.columns, plural: N.plural, json: output.json)
    }
  }
}

/// `sluice NOUN list` of what belongs to something
struct ListOwnedRows<N: OwnedNoun>: AsyncParsableCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(commandName: "list", abstract: N.listAbstract, discussion: N.listExamples)
  }

  @Option(name: .customLong(N.Owner.word), help: ArgumentHelp("Only those of this \(N.ownerTitle)."))
  var owner: String?

  @OptionGroup var options: AdminOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    try await Administration.run(options) { admin in
      var rows = try await admin.store.rows(N.list)
      if let owner {
        let id = try N.Owner.find(owner, in: try await admin.store.rows(N.Owner.list)).text("id")
        rows = rows.filter { $0.text("\(N.Owner.word)_id") == id }
      }
      Printout.list(rows, columns: N.columns, plural: N.plural, json: output.json)
    }
  }
}

/// `sluice NOUN show`
struct ShowRow<N: ListedNoun>: AsyncParsableCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(commandName: "show", abstract: "Show one \(N.word), whole.", discussion: N.showExamples)
  }

  @Argument(help: N.referenceHelp)
  var reference: String

  @OptionGroup var options: AdminOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    try await Administration.run(options) { admin in
      Printout.one(try N.find(reference, in: try await admin.store.rows(N.list)), json: output.json)
    }
  }
}
