import ArgumentParser
import Chat
import Store

/// `sluice identity`
struct IdentityCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "identity",
    abstract: "Identities: who chats, on whichever surface.",
    discussion: """
      An identity is one person or service, the same on every surface. They come by themselves, with the first word of \
      a visitor or of a surface's user; here they are looked at, named, linked, merged and kept out. One is named by \
      its id, the id's first digits, or as a surface calls it: discord:42. Nodes know of a change after 5 s at most.

        sluice identity list --kind person
        sluice identity show discord:42
        sluice identity merge web:anna --into discord:42
        sluice identity block discord:42 --reason "Spam"
      """,
    subcommands: [
      List.self, Show.self, Add.self, Set.self, IdentityLinks.self, IdentityLink.self, IdentityUnlink.self,
      IdentityMerge.self, IdentityRevoke.self, IdentityBlock.self, IdentityUnblock.self, ExportIdentity.self,
      EraseIdentity.self,
    ])

  static let referenceHelp: ArgumentHelp = "Id, its first digits, or SURFACE:EXTERNAL_ID."

  /// The one identity that `reference` means.
  static func find(_ reference: String, in admin: Administration) async throws -> AdminRow {
    let typed = Plain.line(reference)
    if let colon = reference.firstIndex(of: ":") {
      let surface = try SurfaceNoun.find(String(reference[..<colon]), in: try await admin.store.rows(.surfaces))
      let user = String(reference[reference.index(after: colon)...])
      let found = try await admin.identities.rows(.link(surface: surface.text("name") ?? "", externalID: user))
      guard let row = found.first else { throw Refusal("nobody is called \(typed)") }
      return row
    }
    guard let range = IDRange.parse(reference) else {
      throw Refusal(
        "there is no identity \(typed): give its id, the first 8 digits or more, or SURFACE:EXTERNAL_ID")
    }
    let rows = try await admin.identities.rows(.identity(range), limit: 2)
    if rows.count > 1 { throw Refusal("several identities begin with \(typed): type more of the id") }
    guard let row = rows.first else { throw Refusal("there is no identity \(typed)") }
    return row
  }

  static func id(of row: AdminRow) throws(Refusal) -> ID {
    guard let id = row.text("id").flatMap({ ID($0) }) else { throw Refusal("the database gave an identity without id") }
    return id
  }

  /// As it stands after a change.
  static func row(_ id: ID, in admin: Administration) async throws -> AdminRow {
    guard let row = try await admin.identities.rows(.identity(id...id), limit: 1).first else { throw Refusal.gone }
    return row
  }

  static func label(of row: AdminRow) -> String {
    let id = row.text("id") ?? ""
    return "identity \(Plain.line(row.text("display_name").map { "\(id) (\($0))" } ?? id))"
  }

  struct List: AsyncParsableCommand {
    enum Kind: String, ExpressibleByArgument, CaseIterable { case anonymous, person, service }

    static let configuration = CommandConfiguration(
      commandName: "list",
      abstract: "List identities, the newest first.",
      discussion: """
          sluice identity list --kind person --limit 20
          sluice identity list --json | jq -r '.[] | select(.state == "blocked") | .id'
        """)

    @Option(
      help: ArgumentHelp(
        "Only those of this kind: \(Kind.allCases.map(\.rawValue).joined(separator: ", ")). It looks at the newest "
          + "\(AdminIdentities.depth).", valueName: "kind"))
    var kind: Kind?

    @Option(help: ArgumentHelp("The most that are listed, up to \(AdminIdentities.limit).", valueName: "identities"))
    var limit = 50

    @OptionGroup var options: AdminOptions
    @OptionGroup var output: OutputOptions

    private static let columns = [
      Column("id"), Column("kind"), Column("display_name", "NAME"), Column("team"), Column("state"), Column("links"),
      Column("created_at", "CREATED"),
    ]

    func validate() throws {
      guard (1...AdminIdentities.limit).contains(limit) else {
        throw ValidationError("--limit must be a whole number from 1 to \(AdminIdentities.limit)")
      }
    }

    func run() async throws {
      try await Administration.run(options) { admin in
        let rows = try await admin.identities.rows(.recent, kind: kind?.rawValue, limit: limit)
        Printout.list(rows, columns: Self.columns, plural: "identities", json: output.json)
      }
    }
  }

  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "show",
      abstract: "Show one identity, whole.",
      discussion: """
        One that was merged is shown as it is: merged_into says who it has become.

          sluice identity show discord:42
          sluice identity show 01a1fd74-bc3b --json | jq -r .merged_into
        """)

    @Argument(help: IdentityCommand.referenceHelp)
    var identity: String

    @OptionGroup var options: AdminOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
      try await Administration.run(options) { admin in
        Printout.one(try await IdentityCommand.find(identity, in: admin), json: output.json)
      }
    }
  }

  struct Add: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "add",
      abstract: "Make an identity, before somebody comes by it.",
      discussion: """
          sluice identity add --display-name "Anna" --team Sales
          sluice identity link "$(sluice identity add --json | jq -r .id)" \\
            --surface discord --external-id 42
        """)

    @Option(help: "person or service.")
    var kind: IdentityCommand.List.Kind = .person

    @OptionGroup var columns: IdentityColumns
    @OptionGroup var options: AdminOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
      if kind == .anonymous { throw ValidationError("--kind must be person or service: visitors come by themselves") }
    }

    func run() async throws {
      var changes = AdminChanges()
      columns.write(to: &changes)
      try await Administration.run(options) { [changes] admin in
        let id = ID.random()
        try await admin.identities.add(changes, id: id, kind: kind.rawValue)
        let row = try await IdentityCommand.row(id, in: admin)
        Printout.done("added \(IdentityCommand.label(of: row))", row, json: output.json)
      }
    }
  }

  struct Set: AsyncParsableCommand {
    enum Emptied: String, Unsetting {
      case displayName = "display-name"
      case team, project
    }

    static let configuration = CommandConfiguration(
      commandName: "set",
      abstract: "Change an identity's name, team or project.",
      discussion: """
        Usage is entered under team and project as they are when a turn ends; those of the surface count where the \
        identity has none.

          sluice identity set discord:42 --display-name "Anna" --team Sales
          sluice identity set 01a1fd74-bc3b --unset team
        """)

    @Argument(help: IdentityCommand.referenceHelp)
    var identity: String

    @OptionGroup var columns: IdentityColumns

    @Option(help: "Empty it: \(Emptied.names).")
    var unset: [Emptied] = []

    @OptionGroup var options: AdminOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
      var changes = AdminChanges()
      columns.write(to: &changes)
      try changes.unset(unset)
      try await Administration.run(options) { [changes] admin in
        let id = try IdentityCommand.id(of: try await IdentityCommand.find(identity, in: admin))
        try await admin.identities.set(changes, id: id)
        let row = try await IdentityCommand.row(id, in: admin)
        Printout.done("\(IdentityCommand.label(of: row)) changed", row, json: output.json)
      }
    }
  }
}

/// What is said of an identity.
struct IdentityColumns: ParsableArguments {
  @Option(help: ArgumentHelp("What people read.", valueName: "name"))
  var displayName: String?

  @Option(help: "Whose usage its usage is.")
  var team: String?

  @Option(help: "What its usage is for.")
  var project: String?

  func write(to changes: inout AdminChanges) {
    changes.set("display_name", displayName)
    changes.set("team", team)
    changes.set("project", project)
  }
}
