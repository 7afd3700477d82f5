import ArgumentParser
import Chat
import Store

/// Roles.
enum RoleNoun: RemovableNoun {
  static let word = "role"
  static var list: AdminList { .roles }
  static var table: AdminTable { .roles }
  static let columns = [
    Column("name"), Column("all_models"), Column("models"), Column("all_tools"), Column("tools"), Column("identities"),
    Column("surfaces"), Column("anonymous_surfaces", "ANONYMOUS ON"),
  ]
  static let listExamples = """
    Under IDENTITIES stands how many have the role themselves; under SURFACES and ANONYMOUS ON, where everybody has it.

      sluice role list
      sluice role list --json | jq -r '.[] | select(.all_models) | .name'
    """
  static let showExamples = """
      sluice role show support
      sluice role show support --json | jq -r '.models[]'
    """
  static let removeExamples = """
    Who has it loses it. Refused while a surface gives it.

      sluice role remove support
      sluice surface set web --unset role        what may be needed before
    """

  static func removed(_ row: AdminRow) -> String {
    let count = row.int("identities") ?? 0
    return "removed \(label(of: row))\(count == 0 ? "" : ", which \(count) had"); \(RoleCommand.delay)"
  }

  static func held(_ row: AdminRow, by constraint: String, in store: AdminStore) async throws -> Refusal? {
    guard ["surface_role_id_fkey", "surface_anonymous_role_id_fkey"].contains(constraint) else { return nil }
    let id = row.text("id")
    let surfaces = try await store.rows(.surfaces).filter {
      $0.text("role_id") == id || $0.text("anonymous_role_id") == id
    }
    let names = surfaces.compactMap { $0.text("name") }.joined(separator: ", ")
    return Refusal(
      "\(label(of: row)) stays, it is given by: \(names); first `sluice surface set … --role …`, `--anonymous-role …` "
        + "or `--unset`")
  }
}

/// `sluice role`
struct RoleCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "role",
    abstract: "Roles: which virtual models and tools may be used.",
    discussion: """
      A role grants virtual models and tools. An identity has the roles that it was given, on every surface, and one \
      more from the surface it comes by: its role, or for visitors without an account its anonymous role. What none of \
      them grants is not there: it is not listed, and asking for it is answered as if it were made up. A new surface \
      gives the role everyone, which grants all. A change takes effect on the next turn.

        sluice role add support --model assistant --tool search_orders
        sluice role give support 0b9d5c1e
        sluice surface set web --anonymous-role support
      """,
    subcommands: [
      ListRows<RoleNoun>.self, ShowRow<RoleNoun>.self, Add.self, Set.self, RemoveRow<RoleNoun>.self, Give.self,
      Take.self,
    ])

  struct Add: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "add",
      abstract: "Add a role.",
      discussion: """
        Without an option it grants nothing.

          sluice role add support --model assistant --model lawyer --tool search_orders
          sluice role add staff --all-models --all-tools
        """)

    @Argument(help: "What operators call it.")
    var name: String

    @OptionGroup var columns: RoleColumns
    @OptionGroup var options: AdminOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
      var changes = AdminChanges()
      changes.set("name", name)
      columns.write(to: &changes)
      try await Administration.run(options) { [changes] admin in
        var changes = changes
        changes.set("grant_models", try await RoleColumns.modelIDs(columns.model, in: admin.store))
        guard let row = try await admin.store.add(changes, id: .random(), to: .roles) else { throw Refusal.gone }
        Printout.done("added \(RoleNoun.label(of: row))", row, json: output.json)
      }
    }
  }

  struct Set: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "set",
      abstract: "Change what a role grants.",
      discussion: """
        What is not given stays as it is: models and tools are granted beside those that were.

          sluice role set support --model lawyer --drop-model assistant
          sluice role set support --drop-tool search_orders --tool find_orders
          sluice role set everyone --no-all-tools
        """)

    @Argument(help: "Name, id, or the id's first digits.")
    var role: String

    @Option(help: "A new name.")
    var name: String?

    @OptionGroup var columns: RoleColumns

    @Option(help: ArgumentHelp("Grant this virtual model no more. May be repeated.", valueName: "name"))
    var dropModel: [String] = []

    @Option(help: ArgumentHelp("Grant this tool no more. May be repeated.", valueName: "name"))
    var dropTool: [String] = []

    @OptionGroup var options: AdminOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
      if !dropTool.allSatisfy({ !columns.tool.contains($0) }) {
        throw ValidationError("--tool and --drop-tool of the same name exclude each other")
      }
      if !dropModel.allSatisfy({ !columns.model.contains($0) }) {
        throw ValidationError("--model and --drop-model of the same name exclude each other")
      }
    }

    func run() async throws {
      var changes = AdminChanges()
      changes.set("name", name)
      columns.write(to: &changes)
      changes.set("drop_tools", dropTool.isEmpty ? nil : dropTool)
      if changes.isEmpty, columns.model.isEmpty, dropModel.isEmpty {
        throw misuse("nothing to set: give one option at least")
      }
      try await Administration.run(options) { [changes] admin in
        var changes = changes
        let row = try RoleNoun.find(role, in: try await admin.store.rows(.roles))
        try Self.check(dropTool, are: "tools", of: row)
        changes.set("grant_models", try await RoleColumns.modelIDs(columns.model, in: admin.store))
        if !dropModel.isEmpty {
          let models = try await admin.store.rows(.models)
          let dropped = try dropModel.map { try Models.find($0, in: models) }
          try Self.check(dropped.compactMap { $0.text("name") }, are: "models", of: row)
          changes.set("drop_models", dropped.compactMap { $0.text("id") })
        }
        guard let changed = try await admin.store.set(changes, id: try RoleNoun.id(of: row), in: .roles) else {
          throw Refusal.gone
        }
        Printout.done("\(RoleNoun.label(of: changed)) changed; \(RoleCommand.delay)", changed, json: output.json)
      }
    }

    /// What was never granted one by one cannot be dropped: a slip of the pen would leave granted what was meant.
    private static func check(_ names: [String], are what: String, of row: AdminRow) throws(Refusal) {
      guard case .texts(let granted) = row[what] else { return }
      for name in names where !granted.contains(name) {
        let near = NearNames.of(name, among: granted)
        let more =
          row.bool("all_\(what)") == true
          ? ": it grants all \(what), until `--no-all-\(what)`"
          : near.isEmpty ? "" : "; near it: \(near.joined(separator: ", "))"
        throw Refusal("\(RoleNoun.label(of: row)) does not name \(Plain.line(name)) among its \(what)\(more)")
      }
    }
  }

  struct Give: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "give",
      abstract: "Give a role to identities.",
      discussion: """
        They have it on every surface, from the next turn on.

          sluice role give support 0b9d5c1e
          sluice role give support 0b9d5c1e 6f0c1d2e --json | jq .identities
        """)

    @Argument(help: "Name, id, or the id's first digits.")
    var role: String

    @Argument(help: "Ids of identities, or the first digits of each.")
    var identities: [String]

    @OptionGroup var options: AdminOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
      try await Administration.run(options) { admin in
        let (role, members) = try await RoleCommand.find(role, identities, in: admin)
        for member in members {
          switch try await admin.store.give(role: role, to: member) {
          case .given: break
          case .absent: throw Refusal.gone
          case .merged(let other): throw Refusal("identity \(member) became \(other): give it to that one")
          case .erased: throw Refusal("identity \(member) was erased")
          }
        }
        try await RoleCommand.tell("given to", role, members, in: admin.store, json: output.json)
      }
    }
  }

  struct Take: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "take",
      abstract: "Take a role from identities.",
      discussion: """
        What they have begun goes on, and stays theirs to read. From who never had it nothing is taken.

          sluice role take support 0b9d5c1e
          sluice role take support 0b9d5c1e 6f0c1d2e --json | jq .identities
        """)

    @Argument(help: "Name, id, or the id's first digits.")
    var role: String

    @Argument(help: "Ids of identities, or the first digits of each.")
    var identities: [String]

    @OptionGroup var options: AdminOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
      try await Administration.run(options) { admin in
        let (role, members) = try await RoleCommand.find(role, identities, in: admin)
        for member in members { try await admin.store.take(role: role, from: member) }
        try await RoleCommand.tell("taken from", role, members, in: admin.store, json: output.json)
      }
    }
  }

  /// All of them, before anything is changed.
  private static func find(
    _ role: String, _ identities: [String], in admin: Administration
  ) async throws -> (role: ID, identities: [ID]) {
    let row = try RoleNoun.find(role, in: try await admin.store.rows(.roles))
    var found: [ID] = []
    for identity in identities { found.append(try await OwnerReference.find(.identity, identity, in: admin.turns)) }
    return (try RoleNoun.id(of: row), found)
  }

  private static func tell(
    _ what: String, _ role: ID, _ identities: [ID], in store: AdminStore, json: Bool
  ) async throws {
    let row = try RoleNoun.find(role.description, in: try await store.rows(.roles))
    let names = identities.map(\.description).joined(separator: ", ")
    Printout.done("\(RoleNoun.label(of: row)) \(what) \(names); \(delay)", row, json: json)
  }

  static let delay = "the next turn takes it so"
}
