import ArgumentParser
import Store

/// A noun with words for the help of what all nouns can do.
protocol ListedNoun: Noun {
  static var listExamples: String { get }
  static var showExamples: String { get }
}

/// `sluice NOUN list`
struct ListRows<N: ListedNoun>: AsyncParsableCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(commandName: "list", abstract: "List the \(N.plural).", discussion: N.listExamples)
  }

  @OptionGroup var options: AdminOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    try await Administration.run(options) { admin in
      Printout.list(try await admin.store.rows(N.list), columns: N.columns, plural: N.plural, json: output.json)
    }
  }
}

/// `sluice NOUN show`
struct ShowRow<N: ListedNoun>: AsyncParsableCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(commandName: "show", abstract: "Show one \(N.word), whole.", discussion: N.showExamples)
  }

  @Argument(help: ArgumentHelp(N.nameKey == nil ? "Id, or its first digits." : "Name, id, or the id's first digits."))
  var reference: String

  @OptionGroup var options: AdminOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    try await Administration.run(options) { admin in
      Printout.one(try N.find(reference, in: try await admin.store.rows(N.list)), json: output.json)
    }
  }
}
