import ArgumentParser
import Chat
import Providers
import Store

/// Prices of providers' models.
enum Prices: RemovableNoun {
  static let word = "price"
  static var list: AdminList { .prices }
  static var table: AdminTable { .prices }
  static let nameKey: String? = nil
  static let columns = [
    Column("id"), Column("driver"), Column("provider_model"), Column("valid_from", "FROM"), Column("state"),
    Column("input"), Column("output"), Column("cached"), Column("reasoning"),
  ]
  static let listExamples = """
    Of each model the newest first; one holds, those before it are over.

      sluice price list
      sluice price list --json | jq -r '.[] | select(.state == "holds").input'
    """
  static let showExamples = """
      sluice price show 6f0c1d2e
      sluice price show 6f0c1d2e --json | jq .output
    """
  static let removeExamples = """
    Costs that are in the ledger stay. From its time on the price before it holds.

      sluice price remove 6f0c1d2e
      sluice price list
    """

  static func removed(_ row: AdminRow) -> String { "removed \(label(of: row)) of \(model(of: row))" }

  /// Whose price it is, for people.
  static func model(of row: AdminRow) -> String {
    "\(Plain.line(row.text("driver") ?? "")) \(Plain.line(row.text("provider_model") ?? ""))"
  }
}

/// `sluice price`
struct PriceCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "price",
    abstract: "Prices: what a million tokens of a provider's model cost.",
    discussion: """
      A price is for a driver and a provider's model, and holds until the next one of the same. All are in one \
      currency, which Sluice does not need to know. A turn costs what held at its start; without a price its cost is \
      unknown, and a limit of money does not count it. A price is named by its id, or the id's first digits.

        sluice price add openai gpt-4o-mini --input 0.15 --output 0.60
        sluice price list
        sluice usage list --by model
      """,
    subcommands: [ListRows<Prices>.self, ShowRow<Prices>.self, Add.self, Set.self, RemoveRow<Prices>.self])

  struct Add: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "add",
      abstract: "Add a price, from now on or from a time on.",
      discussion: """
        Cached tokens cost as input, tokens of reasoning as output, if nothing else is said.

          sluice price add openai gpt-4o-mini --input 0.15 --output 0.60 --cached 0.075
          sluice price add anthropic claude-sonnet-4-5 --input 3 --output 15 \\
            --from 2027-01-01T00:00:00Z
        """)

    @Argument(help: "The driver of the routes that it is for.")
    var driver: String

    @Argument(help: "Their model, as the provider calls it.")
    var providerModel: String

    @OptionGroup var columns: PriceColumns
    @OptionGroup var options: AdminOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
      guard columns.input != nil, columns.output != nil else {
        throw ValidationError("--input and --output are missing")
      }
    }

    func run() async throws {
      guard ProviderRegistry.driver(named: driver) != nil else {
        throw misuse("the driver must be one of \(ProviderRegistry.names)")
      }
      var changes = AdminChanges()
      changes.set("driver", driver)
      changes.set("provider_model", providerModel)
      columns.write(to: &changes)
      try await Administration.run(options) { [changes] admin in
        guard let row = try await admin.store.add(changes, id: .random(), to: .prices) else { throw Refusal.gone }
        Printout.done(
          "added \(Prices.label(of: row)) of \(Prices.model(of: row)); turns that start from "
            + "\(Plain.value(row["valid_from"])) on cost it", row, json: output.json)
      }
    }
  }

  struct Set: AsyncParsableCommand {
    enum Emptied: String, Unsetting { case cached, reasoning }

    static let configuration = CommandConfiguration(
      commandName: "set",
      abstract: "Correct a price.",
      discussion: """
        What is not given stays as it is, and so do costs that are in the ledger. A price that has changed is a new \
        one: `sluice price add`.

          sluice price set 6f0c1d2e --input 0.15
          sluice price set 6f0c1d2e --unset reasoning
        """)

    @Argument(help: "Id, or its first digits.")
    var price: String

    @OptionGroup var columns: PriceColumns

    @Option(help: "Empty it: \(Emptied.names).")
    var unset: [Emptied] = []

    @OptionGroup var options: AdminOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
      var changes = AdminChanges()
      columns.write(to: &changes)
      try changes.unset(unset)
      try await Administration.run(options) { [changes] admin in
        let row = try await Prices.change(price, changes, in: admin.store)
        Printout.done("\(Prices.label(of: row)) changed; what is in the ledger stays", row, json: output.json)
      }
    }
  }
}

/// The columns of a price, for `add` and `set`.
struct PriceColumns: ParsableArguments {
  @Option(help: ArgumentHelp("Of a million input tokens, such as 0.15.", valueName: "amount"))
  var input: Amount?

  @Option(help: ArgumentHelp("Of a million output tokens.", valueName: "amount"))
  var output: Amount?

  @Option(help: ArgumentHelp("Of a million input tokens from the provider's cache.", valueName: "amount"))
  var cached: Amount?

  @Option(help: ArgumentHelp("Of a million output tokens spent on reasoning.", valueName: "amount"))
  var reasoning: Amount?

  @Option(name: .customLong("from"), help: ArgumentHelp("Turns that start from then on cost it.", valueName: "when"))
  var validFrom: String?

  func write(to changes: inout AdminChanges) {
    changes.set("input", decimal: input?.text)
    changes.set("output", decimal: output?.text)
    changes.set("cached", decimal: cached?.text)
    changes.set("reasoning", decimal: reasoning?.text)
    changes.set("valid_from", validFrom)
  }
}
