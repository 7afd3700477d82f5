import ArgumentParser
import Chat
import Store

/// Surfaces.
enum SurfaceNoun: RemovableNoun {
  static let word = "surface"
  static var list: AdminList { .surfaces }
  static var table: AdminTable { .surfaces }
  static let columns = [
    Column("name"), Column("kind"), Column("enabled"), Column("anonymous"), Column("default_model"),
    Column("role"), Column("anonymous_role"), Column("pace_ms"), Column("session_limit"), Column("keys"),
    Column("allowed_origins", "ORIGINS"),
  ]
  static let listExamples = """
      sluice surface list
      sluice surface list --json | jq -r '.[] | select(.anonymous) | .name'
    """
  static let showExamples = """
      sluice surface show web
      sluice surface show web --json | jq -r '.allowed_origins[]'
    """
  static let removeAbstract = "Remove a surface and its keys, or disable it."
  static let removeExamples = """
    Conversations and linked identities go on pointing at their surface: one that has any is disabled instead, and the \
    command says so. Turns under way go on.

      sluice surface remove shop
      sluice surface set shop --enable        takes a disabling back
    """

  static func remove(_ row: AdminRow, from store: AdminStore) async throws -> Removal {
    let id = try id(of: row)
    do {
      guard try await store.remove(id, from: table) else { throw Refusal.gone }
      return Removal(sentence: "removed \(label(of: row)); \(SurfaceCommand.delay)", row: row)
    } catch let error as StoreError
      where ["conversation_surface_id_fkey", "identity_link_surface_id_fkey"].contains(error.constraint)
    {
      var changes = AdminChanges()
      changes.set("enabled", false)
      guard let disabled = try await store.set(changes, id: id, in: table) else { throw Refusal.gone }
      let what = error.constraint == "conversation_surface_id_fkey" ? "conversations" : "linked identities"
      return Removal(
        sentence: "\(label(of: row)) has \(what): disabled, not removed; \(SurfaceCommand.delay)", row: disabled,
        isNoteworthy: true)
    }
  }
}

/// `sluice surface`
struct SurfaceCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "surface",
    abstract: "Surfaces: the channels where conversations happen.",
    discussion: """
      A surface is a channel: a web site, a Discord bot, a back end. It says whether anonymous visitors may chat and how \
      many sessions they get, which pages may call, which virtual model is taken when a request names none, what may be \
      used (`sluice role`) and done there, and how fast readers may ask. A change takes effect after 5 s at most. Servers call for a surface by keys (`sluice key`).

        sluice surface add web --kind web --anonymous --default-model assistant \\
          --origin https://www.example.com
        sluice surface set web --session-limit 120 --pace-ms 200
        sluice surface set web --anonymous-role visitors --capabilities poll,sse
        sluice surface set web --disable
      """,
    subcommands: [
      ListRows<SurfaceNoun>.self, ShowRow<SurfaceNoun>.self, Add.self, Set.self, RemoveRow<SurfaceNoun>.self,
    ])

  struct Add: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "add",
      abstract: "Add a surface.",
      discussion: """
        What is not given takes the schema's default; `sluice surface show` tells it. The own origin of a page needs no \
        entry.

          sluice surface add web --kind web --anonymous --default-model assistant
          sluice surface add shop --kind web --anonymous \\
            --origin https://shop.example --origin https://www.shop.example
          sluice surface add helpdesk --kind backend --default-model assistant
        """)

    @Argument(help: "What session requests call it.")
    var name: String

    @OptionGroup var columns: SurfaceColumns
    @OptionGroup var options: AdminOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
      if columns.kind == nil { throw ValidationError("--kind is missing") }
    }

    func run() async throws {
      var changes = AdminChanges()
      changes.set("name", name)
      columns.write(to: &changes)
      try await Administration.run(options) { [changes] admin in
        var changes = changes
        changes.set("default_model", try await columns.defaultModelName(in: admin.store))
        try await columns.writeRoles(to: &changes, in: admin.store)
        guard let row = try await admin.store.add(changes, id: .random(), to: .surfaces) else { throw Refusal.gone }
        Printout.done("added \(SurfaceNoun.label(of: row)); \(SurfaceCommand.delay)", row, json: output.json)
      }
    }
  }

  struct Set: AsyncParsableCommand {
    enum Emptied: String, Unsetting {
      case defaultModel = "default-model"
      case chunking
      case chunkBytes = "chunk-bytes"
      case chunkDelayMs = "chunk-delay-ms"
      case role
      case anonymousRole = "anonymous-role"
      case team, project
      case retentionDays = "retention-days"
      var column: String {
        let column = rawValue.split(separator: "-").joined(separator: "_")
        return self == .role || self == .anonymousRole ? "\(column)_id" : column
      }
    }

    static let configuration = CommandConfiguration(
      commandName: "set",
      abstract: "Change what is given of a surface.",
      discussion: """
        What is not given stays as it is; origins replace all that were there.

          sluice surface set web --default-model lawyer --pace-ms 200
          sluice surface set shop --origin https://shop.example \\
            --origin https://www.shop.example
          sluice surface set shop --no-origins
        """)

    @Argument(help: "Name, id, or the id's first digits.")
    var surface: String

    @Option(help: "A new name.")
    var name: String?

    @OptionGroup var columns: SurfaceColumns

    @Flag(help: "No page of another origin may call.")
    var noOrigins = false

    @Option(help: "Empty it: \(Emptied.names).")
    var unset: [Emptied] = []

    @OptionGroup var options: AdminOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
      if noOrigins, !columns.origin.isEmpty { throw ValidationError("--origin and --no-origins exclude each other") }
    }

    func run() async throws {
      var changes = AdminChanges()
      changes.set("name", name)
      columns.write(to: &changes)
      if noOrigins { changes.set("allowed_origins", [String]()) }
      try changes.unset(unset, later: columns.later)
      try await Administration.run(options) { [changes] admin in
        var changes = changes
        changes.set("default_model", try await columns.defaultModelName(in: admin.store))
        try await columns.writeRoles(to: &changes, in: admin.store)
        let changed = try await SurfaceNoun.change(surface, changes, in: admin.store)
        Printout.done("\(SurfaceNoun.label(of: changed)) changed; \(SurfaceCommand.delay)", changed, json: output.json)
      }
    }
  }

  static let delay = "holds on every node after 5 s at most"
}
