import ArgumentParser
import Chat
import Crypto
import Store
import Wire

/// Surface keys.
enum Keys: RemovableNoun, OwnedNoun {
  static let word = "key"
  typealias Owner = SurfaceNoun
  static let ownerTitle = "surface"
  static var list: AdminList { .keys }
  static var table: AdminTable { .keys }
  static let nameKey: String? = nil
  static let columns = [
    Column("id"), Column("surface"), Column("label"), Column("state"), Column("created_at", "CREATED"),
    Column("expires_at", "EXPIRES"),
  ]
  static let listAbstract = "List the keys, never what they are."
  static let listExamples = """
      sluice key list
      sluice key list --surface helpdesk --json \\
        | jq -r '.[] | select(.state == "expired") | .label'
    """
  static let showExamples = """
      sluice key show 6f0c1d2e
      sluice key show 6f0c1d2e --json | jq -r .identity_id
    """
  static let removeAbstract = "Revoke a key, for good."
  static let removeExamples = """
    Its row stays, so that lists tell when it was revoked. Turns that it started go on. Nodes remember a key for 5 s.

      sluice key remove 6f0c1d2e
      sluice key list --json | jq -r '.[] | select(.label == "Test") | .id' \\
        | xargs -n 1 sluice key remove
    """

  static func remove(_ row: AdminRow, from store: AdminStore) async throws -> Removal {
    let id = try id(of: row)
    guard try await store.remove(id, from: table) else { throw Refusal.gone }
    let revoked = try find(id.description, in: try await store.rows(list))
    return Removal(sentence: "revoked \(label(of: revoked)); \(SurfaceCommand.delay)", row: revoked)
  }
}

/// `sluice key`
struct KeyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "key",
    abstract: "Surface keys: by which servers call for a surface.",
    discussion: """
      A server that calls for a surface sends a key as `Authorization: Bearer sk_…`. It acts as a service identity, or \
      for its own user named in X-Sluice-User. Only the hash of a key is kept: it is shown once, when it is made. A new \
      key works at once; a change and a revocation hold on every node after 5 s at most. A key is named by its id, or \
      the id's first digits.

        sluice key add helpdesk --label "Helpdesk" --expires 365d > helpdesk.key
        sluice key list --surface helpdesk
        sluice key remove 6f0c1d2e
      """,
    subcommands: [
      ListOwnedRows<Keys>.self, ShowRow<Keys>.self, Add.self, Set.self, RotateKey.self, RemoveRow<Keys>.self,
    ])

  struct Add: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "add",
      abstract: "Make a key; it is shown once.",
      discussion: """
        The key goes to standard output, alone; the rest to standard error. A further key for the same conversations \
        is given the identity of the first; `sluice key rotate` replaces one.

          sluice key add helpdesk --label "Helpdesk" --expires 365d > helpdesk.key
          sluice key add helpdesk --label "Helpdesk, 2027" --expires 2028-01-31 \\
            --identity 0b9d5c1e
          sluice key add helpdesk --label "Test" --json | jq -r .key
        """)

    @Argument(help: "The surface: name, id, or the id's first digits.")
    var surface: String

    @Option(help: "Who holds the key.")
    var label: String

    @Option(help: ArgumentHelp("Refused from then on: 90d, 12h, or a date; never, if not given.", valueName: "when"))
    var expires: String?

    @Option(
      help: ArgumentHelp(
        "Act as the service identity of another key: its id, or the id's first digits. Else it gets one of its own.",
        valueName: "id"))
    var identity: String?

    @OptionGroup var options: AdminOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
      var changes = AdminChanges()
      changes.set("label", label)
      try Lifetime.write(expires, to: &changes)
      let key = Self.key()
      changes.set("hash", bytes: Array(SHA256.hash(data: Array(key.utf8))))
      try await Administration.run(options) { [changes] admin in
        var changes = changes
        let owner = try SurfaceNoun.find(surface, in: try await admin.store.rows(.surfaces))
        changes.set("surface_id", owner.text("id"))
        changes.set("identity_id", try await identityID(in: admin.store))
        guard let row = try await admin.store.add(changes, id: .random(), to: .keys) else { throw Refusal.gone }
        if output.json {
          guard let whole = row.adding("key", key) else { throw Refusal.gone }
          return Printout.one(whole, json: true)
        }
        print(key)
        let end = row.text("expires_at").map { ", until \(Plain.value(.text($0)))" } ?? ""
        Printout.note("\(Keys.label(of: row)) for \(SurfaceNoun.label(of: owner))\(end); it is not shown again")
      }
    }

    /// As long as a secret may be guessed at: 32 random bytes.
    static func key() -> String {
      var random = SystemRandomNumberGenerator()
      return "sk_" + Base64URL.encode((0..<32).map { _ in UInt8.random(in: .min ... .max, using: &random) })
    }

    /// Nil if none is given.
    private func identityID(in store: AdminStore) async throws -> String? {
      guard let identity else { return nil }
      let known = Swift.Set(try await store.rows(.keys).compactMap { $0.text("identity_id") })
      let range = IDRange.parse(identity)
      let found = known.filter { ID($0).map { id in range?.contains(id) ?? false } ?? false }
      guard found.count == 1 else {
        throw Refusal(
          found.isEmpty
            ? "no key acts as an identity \(Plain.line(identity)): see identity_id of `sluice key show`"
            : "\(found.count) identities begin with \(identity): type more of the id")
      }
      return found.first
    }
  }

  struct Set: AsyncParsableCommand {
    enum Emptied: String, Unsetting {
      case expires
      var column: String { "expires_at" }
    }

    static let configuration = CommandConfiguration(
      commandName: "set",
      abstract: "Change a key's label or expiry.",
      discussion: """
        Refused for a revoked key.

          sluice key set 6f0c1d2e --label "Helpdesk, staging"
          sluice key set 6f0c1d2e --expires 30d
          sluice key set 6f0c1d2e --unset expires
        """)

    @Argument(help: "Id, or its first digits.")
    var key: String

    @Option(help: "Who holds the key.")
    var label: String?

    @Option(help: ArgumentHelp("Refused from then on: 90d, 12h, or a date.", valueName: "when"))
    var expires: String?

    @Option(help: "Empty it: \(Emptied.names).")
    var unset: [Emptied] = []

    @OptionGroup var options: AdminOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
      var changes = AdminChanges()
      changes.set("label", label)
      try Lifetime.write(expires, to: &changes)
      try changes.unset(unset, later: expires == nil ? [] : ["expires_at"])
      try await Administration.run(options) { [changes] admin in
        let changed = try await Keys.change(key, changes, in: admin.store)
        // Revoked by somebody else at this very moment as well: the statement leaves such a row alone.
        if changed.text("state") == "revoked" {
          throw Refusal(
            "\(Keys.label(of: changed)) is revoked for good: make a new one with `sluice key add "
              + "\(Plain.line(changed.text("surface") ?? "")) --label … --identity \(changed.text("identity_id") ?? "")`"
          )
        }
        Printout.done("\(Keys.label(of: changed)) changed; \(SurfaceCommand.delay)", changed, json: output.json)
      }
    }
  }
}
