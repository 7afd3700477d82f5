import ArgumentParser
import Chat
import Store

/// `sluice identity links`
struct IdentityLinks: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "links",
    abstract: "List by which names surfaces know an identity.",
    discussion: """
        sluice identity links discord:42
        sluice identity links 01a1fd74-bc3b --json | jq -r '.[].external_id'
      """)

  @Argument(help: IdentityCommand.referenceHelp)
  var identity: String

  @OptionGroup var options: AdminOptions
  @OptionGroup var output: OutputOptions

  private static let columns = [Column("surface"), Column("external_id", "EXTERNAL ID"), Column("created_at", "SINCE")]

  func run() async throws {
    try await Administration.run(options) { admin in
      let id = try IdentityCommand.id(of: try await IdentityCommand.find(identity, in: admin))
      Printout.list(try await admin.identities.links(of: id), columns: Self.columns, plural: "links", json: output.json)
    }
  }
}

/// Which external user of which surface.
struct LinkOptions: ParsableArguments {
  @Option(help: "The surface: name, id, or the id's first digits.")
  var surface: String

  @Option(help: ArgumentHelp("The id that the surface uses, such as a Discord user id.", valueName: "id"))
  var externalID: String

  func surfaceID(in admin: Administration) async throws -> ID {
    try SurfaceNoun.id(of: try SurfaceNoun.find(surface, in: try await admin.store.rows(.surfaces)))
  }

  var label: String { Plain.line("\(surface):\(externalID)") }
}

/// `sluice identity link`
struct IdentityLink: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "link",
    abstract: "Link a surface's user to an identity.",
    discussion: """
      For a user whom nobody has seen yet. One that is linked already is unlinked first, and leaves its history where \
      it is; or its identity is merged into this one (`sluice identity merge`).

        sluice identity link discord:42 --surface teams --external-id anna@example.com
        sluice identity link 01a1fd74-bc3b --surface discord --external-id 42
      """)

  @Argument(help: IdentityCommand.referenceHelp)
  var identity: String

  @OptionGroup var link: LinkOptions
  @OptionGroup var options: AdminOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    try await Administration.run(options) { admin in
      let found = try await IdentityCommand.find(identity, in: admin)
      let id = try IdentityCommand.id(of: found)
      let surface = try await link.surfaceID(in: admin)
      guard try await admin.identities.link(id, surface: surface, externalID: link.externalID) else {
        let state = found.text("kind") == "service" ? "a service" : found.text("state") ?? "gone"
        throw Refusal("\(IdentityCommand.label(of: found)) cannot be linked: it is \(state)")
      }
      let row = try await IdentityCommand.row(id, in: admin)
      Printout.done("\(link.label) is \(IdentityCommand.label(of: row)) from now on", row, json: output.json)
    }
  }
}

/// `sluice identity unlink`
struct IdentityUnlink: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "unlink",
    abstract: "Take a link back: its user begins anew.",
    discussion: """
      The history stays with the identity. The user's next word makes a new identity, on every node after 5 s at most.

        sluice identity unlink discord:42
        sluice identity links 01a1fd74-bc3b --json \\
          | jq -r '.[] | "\\(.surface):\\(.external_id)"' \\
          | xargs -n 1 sluice identity unlink
      """)

  @Argument(help: "SURFACE:EXTERNAL_ID.")
  var link: String

  @OptionGroup var options: AdminOptions
  @OptionGroup var output: OutputOptions

  func validate() throws {
    if !link.contains(":") { throw ValidationError("a link is named SURFACE:EXTERNAL_ID, such as discord:42") }
  }

  func run() async throws {
    try await Administration.run(options) { admin in
      let parts = link.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
      let surface = try SurfaceNoun.find(String(parts[0]), in: try await admin.store.rows(.surfaces))
      let found = try await IdentityCommand.find(link, in: admin)
      guard
        try await admin.identities.unlink(surface: try SurfaceNoun.id(of: surface), externalID: String(parts[1]))
      else { throw Refusal.gone }
      let row = try await IdentityCommand.row(try IdentityCommand.id(of: found), in: admin)
      Printout.done(
        "\(Plain.line(link)) is not \(IdentityCommand.label(of: row)) any more; \(SurfaceCommand.delay)", row,
        json: output.json)
    }
  }
}

/// `sluice identity merge`
struct IdentityMerge: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "merge",
    abstract: "Make one identity of two; nothing of their history is lost.",
    discussion: """
      Conversations, turns, usage, links and roles of the first one become the second one's, and tokens of both act \
      for it. It cannot be taken back. Refused for services, for who is blocked, and while a turn of the first one \
      streams.

        sluice identity merge 01a1fd74-bc3b --into discord:42
        sluice identity merge teams:anna@example.com --into 01a1fd74-bc3b --json
      """)

  @Argument(help: ArgumentHelp("Who goes: id, its first digits, or SURFACE:EXTERNAL_ID.", valueName: "identity"))
  var gone: String

  @Option(help: ArgumentHelp("Who stays, named likewise.", valueName: "identity"))
  var into: String

  @OptionGroup var options: AdminOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    try await Administration.run(options) { admin in
      let former = try await IdentityCommand.find(gone, in: admin)
      let latter = try await IdentityCommand.find(into, in: admin)
      let kept = try IdentityCommand.id(of: latter)
      let outcome = try await admin.identities.merge(try IdentityCommand.id(of: former), into: kept)
      let names = "\(IdentityCommand.label(of: former)) and \(IdentityCommand.label(of: latter))"
      switch outcome {
      case "done":
        let row = try await IdentityCommand.row(kept, in: admin)
        Printout.done(
          "\(IdentityCommand.label(of: former)) has become \(IdentityCommand.label(of: row))", row, json: output.json)
      case "same": throw Refusal("\(names) are one already")
      case "service": throw Refusal("\(names): one of them is a service, which nobody becomes")
      case "merged": throw Refusal("\(names): one of them has become another one already: see merged_into")
      case "erased": throw Refusal("\(names): one of them was erased")
      case "blocked": throw Refusal("\(names): one of them is blocked: `sluice identity unblock` it first")
      case "busy":
        throw Refusal("a turn of \(IdentityCommand.label(of: former)) streams: try again when it has ended")
      default: throw Refusal.gone
      }
    }
  }
}
