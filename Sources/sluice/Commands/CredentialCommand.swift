import ArgumentParser
import Chat
import Store

/// Credentials of model providers.
enum Credentials: RemovableNoun {
  static let word = "credential"
  static var list: AdminList { .credentials }
  static var table: AdminTable { .credentials }
  static let columns = [
    Column("name"), Column("secret"), Column("managed_domain"), Column("client_certificate"), Column("routes"),
  ]
  static let listExamples = """
      sluice credential list
      sluice credential list --json | jq -r '.[].secret'
    """
  static let showExamples = """
      sluice credential show openai
      sluice credential show openai --json
    """
  static let removeExamples = """
    Refused while a route sends it.

      sluice credential remove gateway
      sluice route list --json \\
        | jq -r '.[] | select(.credential == "gateway") | .id'
    """

  static func held(_ row: AdminRow, by constraint: String, in store: AdminStore) async throws -> Refusal? {
    guard constraint == "model_route_credential_id_fkey" else { return nil }
    let routes = try await store.rows(.routes).filter { $0.text("credential_id") == row.text("id") }
    let ids = routes.compactMap { $0.text("id") }.joined(separator: ", ")
    return Refusal(
      "\(label(of: row)) stays, routes send it: \(ids); "
        + "first `sluice route set … --credential …` or `--unset credential`")
  }
}

/// `sluice credential`
struct CredentialCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "credential",
    abstract: "Credentials: where nodes find a provider's secret.",
    discussion: """
      A credential says where each node finds the secret of a provider: env:NAME in its environment, file:/path on its \
      machine, or sealed in the database, to be opened with the keys of credential_keys that the nodes have. The secret \
      itself is never on a command line. A gateway's credential may also name its domain, so that routes need no more \
      than a short region, and a client certificate, beside a secret or instead of one. A change takes effect on the \
      next turn.

        sluice credential add openai --reference file:/etc/sluice/openai.key
        sluice credential add openai --secret-stdin < openai.key
        sluice credential add gateway --reference env:GATEWAY_KEY \\
          --managed-domain llm.example.net
        sluice route add assistant --credential openai …
      """,
    subcommands: [
      ListRows<Credentials>.self, ShowRow<Credentials>.self, Add.self, Set.self, RotateCredentials.self,
      RemoveRow<Credentials>.self,
    ])

  struct Add: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "add",
      abstract: "Add a credential.",
      discussion: """
          sluice credential add openai --reference file:/etc/sluice/openai.key
          sluice credential add gateway --reference env:GATEWAY_KEY \\
            --managed-domain llm.example.net
          sluice credential add claude --secret-stdin < claude.key
        """)

    @Argument(help: "A name for operators.")
    var name: String

    @OptionGroup var columns: CredentialColumns
    @OptionGroup var options: AdminOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
      var changes = AdminChanges()
      changes.set("name", name)
      try columns.write(to: &changes)
      let sealing = try columns.sealing(options)
      try await Administration.run(options) { [changes] admin in
        var changes = changes
        let id = ID.random()
        try sealing?.write(to: &changes, of: id)
        guard let row = try await admin.store.add(changes, id: id, to: .credentials) else { throw Refusal.gone }
        Printout.done("added \(Credentials.label(of: row))", row, json: output.json)
      }
    }
  }

  struct Set: AsyncParsableCommand {
    enum Emptied: String, Unsetting {
      case secret, reference
      case managedDomain = "managed-domain"
      case clientCertificate = "client-certificate"
      case clientKey = "client-key"
      case caBundle = "ca-bundle"

      /// The secret is wherever it is.
      var columns: [String] { self == .secret ? ["reference", "sealed", "sealed_key"] : [column] }
    }

    static let configuration = CommandConfiguration(
      commandName: "set",
      abstract: "Change what is given of a credential.",
      discussion: """
        What is not given stays as it is. A sealed secret takes the place of a reference, and a reference that of a \
        sealed secret. Routes follow a new name.

          sluice credential set openai --reference env:OPENAI_API_KEY
          sluice credential set openai --secret-stdin < openai.key
          sluice credential set gateway --unset managed-domain
        """)

    @Argument(help: "Name, id, or the id's first digits.")
    var credential: String

    @Option(help: "A new name.")
    var name: String?

    @OptionGroup var columns: CredentialColumns

    @Option(help: "Empty it: \(Emptied.names).")
    var unset: [Emptied] = []

    @OptionGroup var options: AdminOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
      guard unset.contains(.secret) else { return }
      for (option, isGiven) in [("reference", columns.reference != nil), ("secret-stdin", columns.secretStdin)]
      where isGiven {
        throw ValidationError("--\(option) and --unset secret exclude each other")
      }
    }

    func run() async throws {
      var changes = AdminChanges()
      changes.set("name", name)
      try columns.write(to: &changes)
      try changes.unset(unset, later: columns.secretStdin ? ["sealed"] : [])
      let sealing = try columns.sealing(options)
      try await Administration.run(options) { [changes] admin in
        var changes = changes
        let id = try Credentials.id(
          of: try Credentials.find(credential, in: try await admin.store.rows(.credentials)))
        try sealing?.write(to: &changes, of: id)
        guard let changed = try await admin.store.set(changes, id: id, in: .credentials) else { throw Refusal.gone }
        Printout.done(
          "\(Credentials.label(of: changed)) changed; the next turn takes it so", changed, json: output.json)
      }
    }
  }
}
