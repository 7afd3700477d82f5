import ArgumentParser
import Store

/// Issuers of JWTs.
enum IssuerNoun: RemovableNoun, OwnedNoun {
  static let word = "issuer"
  typealias Owner = SurfaceNoun
  static let ownerTitle = "surface"
  static var list: AdminList { .issuers }
  static var table: AdminTable { .issuers }
  static let nameKey: String? = nil
  static let columns = [
    Column("id"), Column("surface"), Column("issuer"), Column("audience"), Column("algorithms"), Column("jwks"),
    Column("secret"), Column("lifetime_s", "LIFETIME S"), Column("once"), Column("enabled"),
  ]
  static let listExamples = """
      sluice issuer list
      sluice issuer list --surface shop --json | jq -r '.[].jwks'
    """
  static let showExamples = """
      sluice issuer show 6f0c1d2e
      sluice issuer show 6f0c1d2e --json | jq .algorithms
    """
  static let removeExamples = """
    Its tokens are refused from then on; session tokens that were given for them go on.

      sluice issuer remove 6f0c1d2e
      sluice issuer set 6f0c1d2e --disable        keeps it for later
    """

  static func removed(_ row: AdminRow) -> String { "removed \(label(of: row)); \(SurfaceCommand.delay)" }
}

/// `sluice issuer`
struct IssuerCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "issuer",
    abstract: "Issuers: back ends whose JWTs are accepted.",
    discussion: """
      An issuer is a surface's own back end that signs JSON Web Tokens for its users, who then call by themselves. A \
      token needs `iss`, `aud`, `sub` (the user, as the back end names it) and `exp`; nodes check it by the public keys \
      or the secret that the issuer names, which never stand in the database. A change holds on every node after 5 s \
      at most. An issuer is named by its id, or the id's first digits.

        sluice issuer add shop --issuer https://shop.example --audience sluice \\
          --algorithm EdDSA --jwks https://shop.example/.well-known/jwks.json
        sluice issuer list --surface shop
        sluice issuer set 6f0c1d2e --lifetime-s 3600
      """,
    subcommands: [
      ListOwnedRows<IssuerNoun>.self, ShowRow<IssuerNoun>.self, Add.self, Set.self, RemoveRow<IssuerNoun>.self,
    ])

  struct Add: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "add",
      abstract: "Add an issuer to a surface.",
      discussion: """
          sluice issuer add shop --issuer https://shop.example --audience sluice \\
            --algorithm EdDSA --algorithm ES256 --jwks file:/etc/sluice/shop.jwks
          sluice issuer add helpdesk --issuer helpdesk --audience sluice \\
            --secret env:HELPDESK_SECRET --lifetime-s 600
          sluice issuer add app --issuer https://id.example --audience chat \\
            --algorithm RS256 --jwks https://id.example/jwks --once
        """)

    @Argument(help: "The surface: name, id, or the id's first digits.")
    var surface: String

    @OptionGroup var columns: IssuerColumns
    @OptionGroup var options: AdminOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
      if columns.issuer == nil { throw ValidationError("--issuer is missing") }
      if columns.audience == nil { throw ValidationError("--audience is missing") }
      if columns.jwks == nil, columns.secret == nil { throw ValidationError("--jwks or --secret is missing") }
      if columns.jwks != nil, columns.algorithm.isEmpty { throw ValidationError("--algorithm is missing") }
    }

    func run() async throws {
      var changes = AdminChanges()
      try columns.write(to: &changes)
      if columns.algorithm.isEmpty { changes.set("algorithms", ["HS256"]) }
      try await Administration.run(options) { [changes] admin in
        var changes = changes
        let owner = try SurfaceNoun.find(surface, in: try await admin.store.rows(.surfaces))
        changes.set("surface_id", owner.text("id"))
        guard let row = try await admin.store.add(changes, id: .random(), to: .issuers) else { throw Refusal.gone }
        Printout.done(
          "added \(IssuerNoun.label(of: row)) to \(SurfaceNoun.label(of: owner)); \(SurfaceCommand.delay)", row,
          json: output.json)
      }
    }
  }

  struct Set: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "set",
      abstract: "Change what is given of an issuer.",
      discussion: """
        What is not given stays as it is; algorithms replace all that were there, and a secret the keys.

          sluice issuer set 6f0c1d2e --lifetime-s 3600 --clock-skew-s 60
          sluice issuer set 6f0c1d2e --algorithm HS256 --secret env:SHOP_SECRET
          sluice issuer set 6f0c1d2e --disable
        """)

    @Argument(help: "Id, or its first digits.")
    var issuer: String

    @OptionGroup var columns: IssuerColumns
    @OptionGroup var options: AdminOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
      var changes = AdminChanges()
      try columns.write(to: &changes)
      if changes.isEmpty { throw misuse("nothing to set: give one option at least") }
      try await Administration.run(options) { [changes] admin in
        let changed = try await IssuerNoun.change(issuer, changes, in: admin.store)
        Printout.done("\(IssuerNoun.label(of: changed)) changed; \(SurfaceCommand.delay)", changed, json: output.json)
      }
    }
  }
}
