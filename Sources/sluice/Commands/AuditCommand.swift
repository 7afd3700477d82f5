import ArgumentParser
import Store

/// `sluice audit`
struct AuditCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "audit",
    abstract: "The audit: who changed what.",
    discussion: """
      Whatever operators change, by these commands or by SQL, is written down by triggers, with what it was before. \
      Secrets, and what names a person, are shown as ***. What the program does for its users is not there. Nothing \
      can be changed in it from here; how long it is kept is said by the owner of the schema.

        sluice audit list --since 7d
        sluice audit list --table surface --json | jq '.[].changes'
      """,
    subcommands: [List.self])

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "list",
      abstract: "List changes, the newest first.",
      discussion: """
          sluice audit list --since 12h
          sluice audit list --since 2027-01-31 --table model_route
          sluice audit list --limit 1000 --json | jq -r '.[].login' | sort | uniq -c
        """)

    /// The most rows that can be asked for.
    private static let most = 10_000

    @Option(help: ArgumentHelp("Only what is no older: 7d, 12h, or a date.", valueName: "when"))
    var since: String?

    @Option(help: "Only changes of this table.")
    var table: String?

    @Option(help: ArgumentHelp("The most that are listed, up to \(most).", valueName: "changes"))
    var limit = 50

    @OptionGroup var options: AdminOptions
    @OptionGroup var output: OutputOptions

    private static let columns = [
      Column("at"), Column("login"), Column("operation"), Column("relation", "TABLE"), Column("row_key", "KEY"),
      Column("changes"),
    ]

    func validate() throws {
      guard (1...Self.most).contains(limit) else {
        throw ValidationError("--limit must be a whole number from 1 to \(Self.most)")
      }
    }

    func run() async throws {
      let since = try since.map { try Lifetime.parse($0, option: "--since") }
      try await Administration.run(options) { admin in
        let rows = try await admin.store.audit(
          seconds: since?.seconds, since: since?.moment, table: table, limit: limit)
        Printout.list(rows, columns: Self.columns, plural: "changes", json: output.json)
      }
    }
  }
}
