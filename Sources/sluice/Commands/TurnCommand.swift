import ArgumentParser
import Chat
import Store

/// `sluice turn`
struct TurnCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "turn",
    abstract: "Turns: what is being answered, and what was.",
    discussion: """
      A turn is one user message and the work that answers it. It is started by a client, so that here it can only be \
      looked at and cancelled. What was said is shown when it is asked for, to a role that may read it. A turn is named \
      by its id, or the id's first digits: those of one minute share the first 8.

        sluice turn list --live
        sluice turn show 01a1fd74-bc3b-7001
        sluice turn cancel 01a1fd74-bc3b-7001
      """,
    subcommands: [List.self, Show.self, Cancel.self])

  /// The one turn that `reference` means.
  static func find(_ reference: String, in turns: AdminTurns) async throws -> AdminRow {
    guard let range = IDRange.parse(reference) else {
      throw Refusal("there is no turn \(Plain.line(reference)): give its id, or the first 8 digits or more")
    }
    let rows = try await turns.rows(.turn(range), limit: 2)
    if rows.count > 1 { throw Refusal("several turns begin with \(reference): type more of the id") }
    guard let row = rows.first else { throw Refusal("there is no turn \(reference)") }
    return row
  }

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "list",
      abstract: "List turns, the newest first.",
      discussion: """
          sluice turn list --live
          sluice turn list --state error --limit 20 --json \\
            | jq -r '.[].error.code' | sort | uniq -c
          sluice turn list --conversation 01a1fd74-bc3b-7001
        """)

    @Flag(help: "Only those that stream now.")
    var live = false

    @Option(help: ArgumentHelp("Only those of this conversation: id, or its first digits.", valueName: "id"))
    var conversation: String?

    @Option(help: ArgumentHelp("Only those of this identity: id, or its first digits.", valueName: "id"))
    var identity: String?

    @Option(
      help: ArgumentHelp(
        "Only those in this state: \(TurnState.allCases.map(\.rawValue).joined(separator: ", ")). Alone it looks at the "
          + "newest \(AdminTurns.depth) turns.", valueName: "state"))
    var state: String?

    @Option(help: ArgumentHelp("The most that are listed, up to \(AdminTurns.limit).", valueName: "turns"))
    var limit = 50

    @OptionGroup var options: AdminOptions
    @OptionGroup var output: OutputOptions

    private static let columns = [
      Column("id"), Column("state"), Column("model_name", "MODEL"), Column("surface"),
      Column("display_name", "IDENTITY"), Column("host"), Column("created_at", "STARTED"), Column("ended_at", "ENDED"),
    ]

    func validate() throws {
      guard (1...AdminTurns.limit).contains(limit) else {
        throw ValidationError("--limit must be a whole number from 1 to \(AdminTurns.limit)")
      }
      if let state, TurnState(rawValue: state) == nil {
        throw ValidationError("--state must be one of \(TurnState.allCases.map(\.rawValue).joined(separator: ", "))")
      }
      if conversation != nil, identity != nil {
        throw ValidationError("--conversation and --identity exclude each other: a conversation has one identity")
      }
      if live, let state, state != TurnState.streaming.rawValue {
        throw ValidationError("--live and --state \(state) exclude each other")
      }
    }

    func run() async throws {
      let state = live ? TurnState.streaming : state.flatMap(TurnState.init)
      try await Administration.run(options) { admin in
        let among: AdminTurns.Among
        if let conversation {
          among = .conversation(try await admin.turns.one(.conversation, conversation))
        } else if let identity {
          among = .identity(try await admin.turns.one(.identity, identity))
        } else {
          among = state == .streaming ? .live : .recent
        }
        let rows = try await admin.turns.rows(among, state: state, limit: limit)
        Printout.list(rows, columns: Self.columns, plural: "turns", json: output.json)
      }
    }
  }

  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "show",
      abstract: "Show one turn; what was said, only if asked for.",
      discussion: """
        Under `upstream` stands how the providers were asked, a line for each attempt. Content needs a right of its own, which the owner of the schema gives: `grant select on sluice.turn, \
        sluice.message, sluice.turn_delta to …`.

          sluice turn show 01a1fd74-bc3b-7001
          sluice turn show 01a1fd74-bc3b-7001 --json | jq .upstream.attempts
          sluice turn show 01a1fd74-bc3b-7001 --content
        """)

    @Argument(help: "Id, or its first digits.")
    var turn: String

    @Flag(help: "Also what was said, and the client's metadata.")
    var content = false

    @OptionGroup var options: AdminOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
      try await Administration.run(options) { admin in
        let row = try await TurnCommand.find(turn, in: admin.turns)
        let asked = row.json("upstream").map { ["upstream": AskedText.text($0)] } ?? [:]
        guard content else { return Printout.one(row, json: output.json, texts: asked) }
        guard let id = row.text("id").flatMap({ ID($0) }),
          let said = try await Self.content(of: id, in: admin.turns)
        else { throw Refusal.gone }
        if output.json {
          guard let whole = row.joined(with: said) else { throw Refusal.gone }
          return Printout.one(whole, json: true)
        }
        Printout.one(row, json: false, texts: asked)
        Printout.said(said)
      }
    }

    private static func content(of turn: ID, in turns: AdminTurns) async throws -> AdminRow? {
      do { return try await turns.content(of: turn) } catch  where error.sqlstate == "42501" {
        throw Refusal(
          "the role of this connection may not read content; the owner of the schema may allow it: "
            + "grant select on sluice.turn, sluice.message, sluice.turn_delta to …")
      }
    }
  }

  struct Cancel: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "cancel",
      abstract: "Ask the node of a live turn to end it.",
      discussion: """
        As a client's cancel: the request to the provider is closed within a second, and the text so far stays. It may be \
        repeated.

          sluice turn cancel 01a1fd74-bc3b-7001
          sluice turn list --live --json \\
            | jq -r '.[] | select(.model_name == "lawyer") | .id' \\
            | xargs -n 1 sluice turn cancel
        """)

    @Argument(help: "Id, or its first digits.")
    var turn: String

    @OptionGroup var options: AdminOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
      try await Administration.run(options) { admin in
        let found = try await TurnCommand.find(turn, in: admin.turns)
        guard let id = found.text("id").flatMap({ ID($0) }) else { throw Refusal.gone }
        let asked = try await admin.turns.cancel(id)
        let row = try await TurnCommand.find(id.description, in: admin.turns)
        guard asked else { throw Refusal("turn \(id) has ended: \(row.text("state") ?? "")") }
        Printout.done("turn \(id) is to be cancelled; its node ends it within a second", row, json: output.json)
      }
    }
  }
}
