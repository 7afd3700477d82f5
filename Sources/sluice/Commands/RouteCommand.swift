import ArgumentParser
import Chat
import Store

/// Routes of virtual models.
enum Routes: RemovableNoun, OwnedNoun {
  static let word = "route"
  typealias Owner = Models
  static let ownerTitle = "virtual model"
  static var list: AdminList { .routes }
  static var table: AdminTable { .routes }
  static let nameKey: String? = nil
  static let columns = [
    Column("id"), Column("model"), Column("priority"), Column("weight"), Column("driver"), Column("provider_model"),
    Column("region"), Column("credential"), Column("enabled"), Column("state"), Column("share"),
    Column("latency_ms", "LATENCY MS"), Column("running"), Column("last_error"), Column("retry_at", "RETRY AT"),
  ]
  static let listExamples = """
    The state is what the live nodes make of a route: closed, it serves; open, it has failed again and again and is left \
    out until the time under RETRY AT; probing, one turn tries it. The share is the part of its weight that it gets: less \
    than 1 if it is much slower than others of its priority.

      sluice route list
      sluice route list --model assistant --json | jq -r '.[].region'
    """
  static let showExamples = """
      sluice route show 6f0c1d2e
      sluice route show 6f0c1d2e --json | jq .overrides
    """
  static let removeExamples = """
    Turns under way go on. A virtual model without an enabled route cannot be chosen.

      sluice route remove 6f0c1d2e
      sluice route set 6f0c1d2e --disable        keeps it for later
    """

  static func removed(_ row: AdminRow) -> String {
    "removed \(label(of: row)) of model \(Plain.line(row.text("model") ?? ""))"
  }
}

/// `sluice route`
struct RouteCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "route",
    abstract: "Routes: where virtual models are served.",
    discussion: """
      A route joins a virtual model to a provider: the driver (its wire format), the model as the provider calls it, an \
      endpoint, a credential, time-outs. Routes with the least priority number share the turns by their weights; the \
      next ones are tried when none of these can serve. Clients never see a word of it. A change takes effect on the \
      next turn. A route is named by its id, or the id's first digits.

        sluice route list --model assistant
        sluice route add assistant --provider-model gpt-4o-mini --credential openai
        sluice route set 6f0c1d2e --disable
      """,
    subcommands: [ListOwnedRows<Routes>.self, ShowRow<Routes>.self, Add.self, Set.self, RemoveRow<Routes>.self])

  struct Add: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "add",
      abstract: "Add a route to a virtual model.",
      discussion: """
        The region is a whole endpoint, or a short name in front of the credential's managed domain. Without it \
        openai, responses, anthropic and gemini lead to their providers, ollama to this machine.

          sluice route add assistant --provider-model gpt-4o-mini --credential openai
          sluice route add assistant --driver anthropic --credential claude \\
            --provider-model claude-sonnet-4-5 --priority 2
          sluice route add assistant --driver bedrock --credential aws \\
            --provider-model amazon.nova-lite-v1:0 --region eu-central-1
          sluice route add local --provider-model llama3.2 \\
            --region http://127.0.0.1:11434/v1 --first-token-timeout-ms 120000
          sluice route add assistant --provider-model large --region eu \\
            --credential gateway --priority 2
        """)

    @Argument(help: "The virtual model: name, id, or the id's first digits.")
    var model: String

    @OptionGroup var columns: RouteColumns
    @OptionGroup var options: AdminOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
      if columns.providerModel == nil { throw ValidationError("--provider-model is missing") }
    }

    func run() async throws {
      var changes = AdminChanges()
      try columns.write(to: &changes)
      // They tell it from the model's other routes from the very first.
      if columns.priority == nil { changes.set("priority", 1) }
      if columns.driver == nil { changes.set("driver", "openai") }
      try await Administration.run(options) { [changes] admin in
        var changes = changes
        let owner = try Models.find(model, in: try await admin.store.rows(.models))
        let credential = try await columns.credentialRow(in: admin.store)
        try RouteColumns.checkEndpoint(
          driver: columns.driver ?? "openai", region: columns.region, managedDomain: credential?.text("managed_domain"))
        changes.set("model_id", owner.text("id"))
        changes.set("credential_id", credential?.text("id"))
        guard let row = try await admin.store.add(changes, id: .random(), to: .routes) else { throw Refusal.gone }
        Printout.done(
          "added \(Routes.label(of: row)) to \(Models.label(of: owner)); the next turn may take it", row,
          json: output.json)
      }
    }
  }

  struct Set: AsyncParsableCommand {
    enum Emptied: String, Unsetting {
      case credential, region
      case concurrencyLimit = "concurrency-limit"
      case firstByteTimeout = "first-byte-timeout-ms"
      case firstTokenTimeout = "first-token-timeout-ms"
      case totalTimeout = "total-timeout-ms"
      var column: String {
        self == .credential ? "credential_id" : rawValue.split(separator: "-").joined(separator: "_")
      }
    }

    static let configuration = CommandConfiguration(
      commandName: "set",
      abstract: "Change what is given of a route.",
      discussion: """
        What is not given stays as it is.

          sluice route set 6f0c1d2e --provider-model gpt-4o --idle-timeout-ms 30000
          sluice route set 6f0c1d2e --overrides '{"top_k": 40}' --priority 2
          sluice route set 6f0c1d2e --http-version 2 --concurrency-limit 200
          sluice route set 6f0c1d2e --disable
        """)

    @Argument(help: "Id, or its first digits.")
    var route: String

    @OptionGroup var columns: RouteColumns

    @Option(help: "Empty it: \(Emptied.names).")
    var unset: [Emptied] = []

    @OptionGroup var options: AdminOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
      var changes = AdminChanges()
      try columns.write(to: &changes)
      try changes.unset(unset, later: columns.credential == nil ? [] : ["credential_id"])
      try await Administration.run(options) { [changes] admin in
        var changes = changes
        let row = try Routes.find(route, in: try await admin.store.rows(.routes))
        let credential = try await columns.credentialRow(in: admin.store)
        changes.set("credential_id", credential?.text("id"))
        try await checkEndpoint(of: row, credential, in: admin.store)
        guard let changed = try await admin.store.set(changes, id: try Routes.id(of: row), in: .routes) else {
          throw Refusal.gone
        }
        Printout.done("\(Routes.label(of: changed)) changed; the next turn takes it so", changed, json: output.json)
      }
    }

    /// As it will be, if the change touches what makes it. `given`: the row of a credential that is given.
    private func checkEndpoint(of row: AdminRow, _ given: AdminRow?, in store: AdminStore) async throws {
      let isTouched =
        columns.driver != nil || columns.region != nil || given != nil || unset.contains(.region)
        || unset.contains(.credential)
      guard isTouched else { return }
      var credential = given
      if credential == nil, !unset.contains(.credential), let id = row.text("credential_id") {
        credential = try await store.rows(.credentials).first { $0.text("id") == id }
      }
      try RouteColumns.checkEndpoint(
        driver: columns.driver ?? row.text("driver") ?? "",
        region: unset.contains(.region) ? nil : columns.region ?? row.text("region"),
        managedDomain: credential?.text("managed_domain"))
    }
  }
}
