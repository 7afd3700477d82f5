import ArgumentParser
import Chat
import Store

/// Virtual models.
enum Models: RemovableNoun {
  static let word = "model"
  static var list: AdminList { .models }
  static var table: AdminTable { .models }
  static let columns = [
    Column("name"), Column("title"), Column("enabled"), Column("stream"), Column("reasoning"), Column("durability"),
    Column("history_limit", "HISTORY"), Column("routes"),
  ]
  static let listExamples = """
      sluice model list
      sluice model list --json | jq -r '.[] | select(.enabled) | .name'
    """
  static let showExamples = """
      sluice model show assistant
      sluice model show assistant --json | jq -r .system_prompt
    """
  static let removeAbstract = "Remove a virtual model and its routes."
  static let removeExamples = """
    Turns under way go on; conversations stay. Refused while a surface falls back on it.

      sluice model remove lawyer
      sluice model set lawyer --disable        keeps it for later
    """

  static func removed(_ row: AdminRow) -> String {
    let routes = row.int("routes") ?? 0
    return "removed \(label(of: row))\(routes == 0 ? "" : " and its routes (\(routes))")"
  }

  static func held(_ row: AdminRow, by constraint: String, in store: AdminStore) async throws -> Refusal? {
    guard constraint == "surface_default_model_fkey" else { return nil }
    let surfaces = try await store.rows(.surfaces).filter { $0.text("default_model") == row.text("name") }
    let names = surfaces.compactMap { $0.text("name") }.joined(separator: ", ")
    return Refusal(
      "\(label(of: row)) stays, it is the default of: \(names); "
        + "first `sluice surface set … --default-model …` or `--unset default-model`")
  }
}

/// `sluice model`
struct ModelCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "model",
    abstract: "Virtual models: what users can choose.",
    discussion: """
      A virtual model is the name that a request gives, and how Sluice treats its turns: system prompt, parameters, what \
      clients see of the reasoning, how long a history is sent. Where it is served is said by its routes (`sluice \
      route`); without one it cannot be chosen. A change takes effect on the next turn; turns under way go on as they \
      began.

        sluice model add assistant --system-prompt "Answer briefly."
        sluice route add assistant --provider-model gpt-4o-mini --credential openai
        sluice surface set web --default-model assistant
      """,
    subcommands: [ListRows<Models>.self, ShowRow<Models>.self, Add.self, Set.self, RemoveRow<Models>.self])

  struct Add: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "add",
      abstract: "Add a virtual model.",
      discussion: """
        What is not given takes the schema's default; `sluice model show` tells it.

          sluice model add assistant --title "Assistant" \\
            --parameters '{"temperature": 0.3, "max_tokens": 2000}'
          sluice model add lawyer --system-prompt @lawyer.txt --history-limit 40
          sluice model add local --reasoning progress --durability relaxed
        """)

    @Argument(help: "What requests call it.")
    var name: String

    @OptionGroup var columns: ModelColumns
    @OptionGroup var options: AdminOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
      var changes = AdminChanges()
      changes.set("name", name)
      try columns.write(to: &changes)
      try await Administration.run(options) { [changes] admin in
        guard let row = try await admin.store.add(changes, id: .random(), to: .models) else { throw Refusal.gone }
        Printout.done(
          "added \(Models.label(of: row)); next: sluice route add \(Plain.line(name)) …", row, json: output.json)
      }
    }
  }

  struct Set: AsyncParsableCommand {
    enum Emptied: String, Unsetting {
      case systemPrompt = "system-prompt"
      case prefixPrompt = "prefix-prompt"
      case historyTokenLimit = "history-token-limit"
      case abandonAfterMs = "abandon-after-ms"
    }

    static let configuration = CommandConfiguration(
      commandName: "set",
      abstract: "Change what is given of a virtual model.",
      discussion: """
        What is not given stays as it is. Surfaces follow a new name.

          sluice model set assistant --system-prompt @assistant.txt
          sluice model set assistant --unset system-prompt --no-stream
          sluice model set lawyer --disable
        """)

    @Argument(help: "Name, id, or the id's first digits.")
    var model: String

    @Option(help: "A new name.")
    var name: String?

    @OptionGroup var columns: ModelColumns

    @Option(help: "Empty it: \(Emptied.names).")
    var unset: [Emptied] = []

    @OptionGroup var options: AdminOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
      var changes = AdminChanges()
      changes.set("name", name)
      try columns.write(to: &changes)
      try changes.unset(unset)
      try await Administration.run(options) { [changes] admin in
        let changed = try await Models.change(model, changes, in: admin.store)
        Printout.done(
          "\(Models.label(of: changed)) changed; the next turn takes it so", changed, json: output.json)
      }
    }
  }
}
