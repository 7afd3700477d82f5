import ArgumentParser
import Chat
import Store

/// `sluice identity revoke`
struct IdentityRevoke: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "revoke",
    abstract: "Refuse the tokens of an identity that were issued so far, or one token.",
    discussion: """
      After a theft, say: whoever holds a session token, a turn's token or a link code of it is out, on every node \
      after 5 s at most, and streams are closed. Who can show who he is gets new ones after that; keys of surfaces go \
      on. One token is refused by the `jti` that its issuer gave it.

        sluice identity revoke discord:42 --reason "Lost phone"
        sluice identity revoke --jti 7f1d0c52
      """)

  @Argument(help: IdentityCommand.referenceHelp)
  var identity: String?

  @Option(help: ArgumentHelp("The claim `jti` of one token, instead of an identity.", valueName: "id"))
  var jti: String?

  @Option(help: "Why, for operators.")
  var reason: String?

  @OptionGroup var options: AdminOptions
  @OptionGroup var output: OutputOptions

  func validate() throws {
    if (identity == nil) == (jti == nil) { throw ValidationError("give an identity or --jti") }
  }

  func run() async throws {
    try await Administration.run(options) { admin in
      guard let identity else {
        let token = jti ?? ""
        guard let row = try await admin.identities.revoke(.token(token), reason: reason) else { throw Refusal.gone }
        return Printout.done("token \(Plain.line(token)) is refused from now on", row, json: output.json)
      }
      let id = try IdentityCommand.id(of: try await IdentityCommand.find(identity, in: admin))
      _ = try await admin.identities.revoke(.tokens(id), reason: reason)
      let row = try await IdentityCommand.row(id, in: admin)
      Printout.done(
        "the tokens of \(IdentityCommand.label(of: row)) issued so far are refused; \(SurfaceCommand.delay)", row,
        json: output.json)
    }
  }
}

/// `sluice identity block`
struct IdentityBlock: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "block",
    abstract: "Keep an identity out, whatever it comes by.",
    discussion: """
      Tokens old and new, links of surfaces, and the keys of a service are refused on every node after 5 s at most, \
      and streams are closed. Turns under way go on (`sluice turn cancel`).

        sluice identity block discord:42 --reason "Spam"
        sluice identity block 01a1fd74-bc3b --json | jq -r .state
      """)

  @Argument(help: IdentityCommand.referenceHelp)
  var identity: String

  @Option(help: "Why, for operators.")
  var reason: String?

  @OptionGroup var options: AdminOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    try await Administration.run(options) { admin in
      let found = try await IdentityCommand.find(identity, in: admin)
      if found.text("state") == "merged" {
        throw Refusal(
          "\(IdentityCommand.label(of: found)) has become \(found.text("merged_into") ?? ""): block that one")
      }
      let id = try IdentityCommand.id(of: found)
      _ = try await admin.identities.revoke(.everything(id), reason: reason)
      let row = try await IdentityCommand.row(id, in: admin)
      Printout.done(
        "\(IdentityCommand.label(of: row)) is blocked; \(SurfaceCommand.delay)", row, json: output.json)
    }
  }
}

/// `sluice identity unblock`
struct IdentityUnblock: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "unblock",
    abstract: "Let an identity in again.",
    discussion: """
      Its tokens that were revoked stay refused. Nodes read all blocks anew once a minute: so long it may take.

        sluice identity unblock discord:42
        sluice identity unblock 01a1fd74-bc3b --json
      """)

  @Argument(help: IdentityCommand.referenceHelp)
  var identity: String

  @OptionGroup var options: AdminOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    try await Administration.run(options) { admin in
      let found = try await IdentityCommand.find(identity, in: admin)
      let id = try IdentityCommand.id(of: found)
      guard try await admin.identities.unblock(id) else {
        throw Refusal("\(IdentityCommand.label(of: found)) is not blocked")
      }
      let row = try await IdentityCommand.row(id, in: admin)
      Printout.done(
        "\(IdentityCommand.label(of: row)) is not blocked any more; nodes know after a minute at most", row,
        json: output.json)
    }
  }
}
