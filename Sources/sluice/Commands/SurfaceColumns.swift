import ArgumentParser
import Store

/// The columns of a surface, for `add` and `set`.
struct SurfaceColumns: ParsableArguments {
  @Option(help: "web, clientapi, discord, teams, salesforce or backend.")
  var kind: String?

  @Option(
    help: ArgumentHelp(
      "Origin whose pages may call, such as https://shop.example; * for all. May be repeated.", valueName: "origin"))
  var origin: [String] = []

  @Flag(inversion: .prefixedNo, help: "Give visitors a session without an account.")
  var anonymous: Bool?

  @Option(help: ArgumentHelp("The virtual model of a start that names none.", valueName: "name"))
  var defaultModel: String?

  @Option(help: ArgumentHelp("Least time between two replies to one reader.", valueName: "ms"))
  var paceMs: Int?

  @Option(help: ArgumentHelp("Anonymous sessions given per minute by each node; 0: none.", valueName: "sessions"))
  var sessionLimit: Int?

  @Option(
    help: ArgumentHelp(
      "How text is gathered into chunks: immediate, interval, words or sentences; else as the virtual model says.",
      valueName: "mode"))
  var chunking: String?

  @Option(help: ArgumentHelp("Bytes of text at which a chunk is enough of it.", valueName: "bytes"))
  var chunkBytes: Int?

  @Option(help: ArgumentHelp("Longest that text waits for its chunk.", valueName: "ms"))
  var chunkDelayMs: Int?

  @Option(help: ArgumentHelp("The role of everybody who comes by it: what they may use.", valueName: "name"))
  var role: String?

  @Option(help: ArgumentHelp("The role of visitors without an account, in its place.", valueName: "name"))
  var anonymousRole: String?

  @Option(
    help: ArgumentHelp(
      "What can be done by it, with commas: of poll, sse, classic, openai, tools, images and links.",
      valueName: "words"))
  var capabilities: String?

  @Option(help: "Whose usage that of its identities is, unless they say themselves.")
  var team: String?

  @Option(help: "What their usage is for, likewise.")
  var project: String?

  @Option(
    help: ArgumentHelp(
      "Conversations are deleted when nothing was said in them for so many days; never, if not given.",
      valueName: "days"))
  var retentionDays: Int?

  @Flag var enabling: Enabling?

  /// All but the default model and the roles.
  func write(to changes: inout AdminChanges) {
    changes.set("kind", kind)
    changes.set("allowed_origins", origin.isEmpty ? nil : origin)
    changes.set("anonymous", anonymous)
    changes.set("pace_ms", paceMs)
    changes.set("session_limit", sessionLimit)
    changes.set("chunking", chunking)
    changes.set("chunk_bytes", chunkBytes)
    changes.set("chunk_delay_ms", chunkDelayMs)
    changes.set("capabilities", capabilities?.split(separator: ",").map(String.init))
    changes.set("team", team)
    changes.set("project", project)
    changes.set("retention_days", retentionDays)
    changes.set("enabled", enabling.map { $0 == .enable })
  }

  /// Those that are given.
  func writeRoles(to changes: inout AdminChanges, in store: AdminStore) async throws {
    if role == nil, anonymousRole == nil { return }
    let roles = try await store.rows(.roles)
    changes.set("role_id", try role.map { try RoleNoun.find($0, in: roles).text("id") } ?? nil)
    changes.set("anonymous_role_id", try anonymousRole.map { try RoleNoun.find($0, in: roles).text("id") } ?? nil)
  }

  /// What `writeRoles` and `defaultModelName` will set.
  var later: [String] {
    [("default_model", defaultModel), ("role_id", role), ("anonymous_role_id", anonymousRole)]
      .compactMap { $0.1 == nil ? nil : $0.0 }
  }

  /// Nil if none is given.
  func defaultModelName(in store: AdminStore) async throws -> String? {
    guard let defaultModel else { return nil }
    return try Models.find(defaultModel, in: try await store.rows(.models)).text("name")
  }
}
