import ArgumentParser
import Chat
import Store

/// `sluice usage`
struct UsageCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "usage",
    abstract: "Usage: what was used and what it cost, and what is left.",
    discussion: """
      The ledger has a row for each turn that ended, however it did: its tokens as the provider counted them, or an \
      estimate that says so, and what they cost by the price of its start.

        sluice usage list --by model --since 2026-11-01
        sluice usage list --by team --json
        sluice usage left 01a1fd74-bc3b-7001 --surface web
      """,
    subcommands: [List.self, Left.self])

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "list",
      abstract: "Sum up what was used.",
      discussion: """
        By day in their order, else the dearest first. What cost nothing known is counted apart.

          sluice usage list
          sluice usage list --by identity --since 2026-11-01 --limit 20
          sluice usage list --by project --json | jq -r '.[] | "\\(.name) \\(.cost)"'
        """)

    @Option(
      help: ArgumentHelp(
        "One of \(AdminUsage.Grouping.allCases.map(\.rawValue).joined(separator: ", ")).", valueName: "what"))
    var by = "day"

    @Option(help: ArgumentHelp("Only turns that ended since this date or time.", valueName: "when"))
    var since = "-infinity"

    @Option(help: ArgumentHelp("The most that are listed, up to \(AdminUsage.limit).", valueName: "rows"))
    var limit = 100

    @OptionGroup var options: AdminOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
      guard AdminUsage.Grouping(rawValue: by) != nil else {
        throw ValidationError(
          "--by must be one of \(AdminUsage.Grouping.allCases.map(\.rawValue).joined(separator: ", "))")
      }
      guard (1...AdminUsage.limit).contains(limit) else {
        throw ValidationError("--limit must be a whole number from 1 to \(AdminUsage.limit)")
      }
    }

    func run() async throws {
      let grouping = AdminUsage.Grouping(rawValue: by) ?? .day
      try await Administration.run(options) { admin in
        let rows = try await admin.usage.sums(by: grouping, since: since, limit: limit)
        let columns = [
          Column("name", grouping.rawValue.uppercased()), Column("turns"), Column("errors"),
          Column("input_tokens", "INPUT"),
          Column("output_tokens", "OUTPUT"), Column("cached_tokens", "CACHED"),
          Column("reasoning_tokens", "REASONING"), Column("estimated_turns", "ESTIMATED"), Column("cost"),
          Column("turns_without_price", "WITHOUT PRICE"),
        ]
        Printout.list(rows, columns: columns, plural: "turns", json: output.json)
      }
    }
  }

  struct Left: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "left",
      abstract: "Show the limits that an identity's next turn meets.",
      discussion: """
        What is reserved by turns that run now counts as used until they end.

          sluice usage left 01a1fd74-bc3b-7001 --surface web
          sluice usage left 01a1fd74-bc3b-7001 --surface web --model large --json
        """)

    @Argument(help: "The identity: id, or its first digits.")
    var identity: String

    @Option(help: ArgumentHelp("The surface that it comes by.", valueName: "name"))
    var surface: String

    @Option(help: ArgumentHelp("The virtual model; the surface's default, if not given.", valueName: "name"))
    var model: String?

    @OptionGroup var options: AdminOptions
    @OptionGroup var output: OutputOptions

    private static let columns = [
      Column("subject"), Column("rule"), Column("most"), Column("used"), Column("reserved"), Column("remains"),
      Column("resets_at", "RESETS"),
    ]

    func run() async throws {
      try await Administration.run(options) { admin in
        let identity = try await OwnerReference.find(.identity, identity, in: admin.turns)
        let place = try SurfaceNoun.find(surface, in: try await admin.store.rows(.surfaces))
        var id: ID?
        if let name = model ?? place.text("default_model") {
          id = try Models.id(of: Models.find(name, in: try await admin.store.rows(.models)))
        }
        let rows = try await admin.usage.left(of: identity, on: try SurfaceNoun.id(of: place), model: id)
        Printout.list(rows, columns: Self.columns, plural: "limits", json: output.json)
      }
    }
  }
}
