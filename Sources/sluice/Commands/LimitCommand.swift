import ArgumentParser
import Chat
import Store

/// Limits of identities, surfaces, roles and virtual models.
enum UsageLimits: RemovableNoun {
  static let word = "limit"
  static var list: AdminList { .limits }
  static var table: AdminTable { .limits }
  static let columns = [
    Column("name"), Column("requests_per_minute", "REQUESTS/MIN"), Column("concurrent_turns", "CONCURRENT"),
    Column("tokens_per_day", "TOKENS/DAY"), Column("tokens_per_month", "TOKENS/MONTH"),
    Column("cost_per_day", "COST/DAY"), Column("cost_per_month", "COST/MONTH"),
  ]
  static let listExamples = """
      sluice limit list
      sluice limit list --json | jq -r '.[] | select(.cost_per_month).name'
    """
  static let showExamples = """
      sluice limit show surface:web
      sluice limit show model:assistant --json | jq .tokens_per_day
    """
  static let removeAbstract = "Remove all limits of one."
  static let removeExamples = """
    Turns under way go on without them.

      sluice limit remove surface:web
      sluice limit set --surface web --unset tokens-per-day      one of them alone
    """
}

/// What a limit may be for: as `sluice role` names it.
private enum LimitedRoles: Noun {
  static let word = "role"
  static var list: AdminList { .limitRoles }
  static let columns = [Column("name")]
}

/// `sluice limit`
struct LimitCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "limit",
    abstract: "Limits: what may be used of the models.",
    discussion: """
      An identity, a surface, a role and a virtual model may each have limits: starts in a minute, turns at a time, \
      tokens and money in a day and a month of UTC. All that apply to a start must hold; a role's are for each of its \
      members. A turn reserves tokens at its start and more while it runs, and is settled by what its provider counts. \
      A change takes effect on the next turn. Limits are named as in surface:web, or by id.

        sluice limit set --surface web --requests-per-minute 600 --cost-per-month 500
        sluice limit set --role guest --tokens-per-day 20000 --concurrent-turns 2
        sluice usage left 01a1fd74-bc3b-7001 --surface web
      """,
    subcommands: [ListRows<UsageLimits>.self, ShowRow<UsageLimits>.self, Set.self, RemoveRow<UsageLimits>.self])

  struct Set: AsyncParsableCommand {
    enum Emptied: String, Unsetting {
      case requestsPerMinute = "requests-per-minute"
      case concurrentTurns = "concurrent-turns"
      case tokensPerDay = "tokens-per-day"
      case tokensPerMonth = "tokens-per-month"
      case costPerDay = "cost-per-day"
      case costPerMonth = "cost-per-month"
    }

    static let configuration = CommandConfiguration(
      commandName: "set",
      abstract: "Set limits of one; what is not given stays as it is.",
      discussion: """
          sluice limit set --model large --cost-per-day 40.50
          sluice limit set --identity 01a1fd74-bc3b-7001 --tokens-per-month 1000000
          sluice limit set --surface web --unset tokens-per-day
        """)

    @OptionGroup var subject: LimitSubject

    @Option(help: ArgumentHelp("Starts in a minute of the clock.", valueName: "starts"))
    var requestsPerMinute: Int?

    @Option(help: ArgumentHelp("Turns that stream at one time.", valueName: "turns"))
    var concurrentTurns: Int?

    @Option(help: ArgumentHelp("Input and output tokens in a day of UTC.", valueName: "tokens"))
    var tokensPerDay: Int?

    @Option(help: ArgumentHelp("The same in a month of UTC.", valueName: "tokens"))
    var tokensPerMonth: Int?

    @Option(help: ArgumentHelp("Money in a day of UTC, in the currency of the prices.", valueName: "amount"))
    var costPerDay: Amount?

    @Option(help: ArgumentHelp("The same in a month of UTC.", valueName: "amount"))
    var costPerMonth: Amount?

    @Option(help: "Empty it: \(Emptied.names).")
    var unset: [Emptied] = []

    @OptionGroup var options: AdminOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
      var changes = AdminChanges()
      changes.set("requests_per_minute", requestsPerMinute)
      changes.set("concurrent_turns", concurrentTurns)
      changes.set("tokens_per_day", tokensPerDay)
      changes.set("tokens_per_month", tokensPerMonth)
      changes.set("cost_per_day", decimal: costPerDay?.text)
      changes.set("cost_per_month", decimal: costPerMonth?.text)
      try changes.unset(unset)
      try await Administration.run(options) { [changes] admin in
        let (column, id) = try await subject.find(in: admin)
        let rows = try await admin.store.rows(.limits)
        let row: AdminRow?
        if let present = rows.first(where: { $0.text(column) == id }) {
          row = try await admin.store.set(changes, id: try UsageLimits.id(of: present), in: .limits)
        } else {
          var whole = changes
          whole.set(column, id)
          row = try await admin.store.add(whole, id: .random(), to: .limits)
        }
        guard let row else { throw Refusal.gone }
        Printout.done("\(UsageLimits.label(of: row)) set; the next turn meets it", row, json: output.json)
      }
    }
  }
}

/// Whose limits are meant.
struct LimitSubject: ParsableArguments {
  @Option(help: ArgumentHelp("Of this identity: id, or its first digits.", valueName: "id"))
  var identity: String?

  @Option(help: ArgumentHelp("Of all turns on this surface together.", valueName: "name"))
  var surface: String?

  @Option(help: ArgumentHelp("Of each member of this role.", valueName: "name"))
  var role: String?

  @Option(help: ArgumentHelp("Of all turns of this virtual model together.", valueName: "name"))
  var model: String?

  func validate() throws {
    guard [identity, surface, role, model].count(where: { $0 != nil }) == 1 else {
      throw ValidationError("give one of --identity, --surface, --role and --model")
    }
  }

  /// The column of the limit, and what it holds.
  func find(in admin: Administration) async throws -> (column: String, id: String) {
    if let identity {
      return ("identity_id", try await OwnerReference.find(.identity, identity, in: admin.turns).description)
    }
    if let surface {
      let row = try SurfaceNoun.find(surface, in: try await admin.store.rows(.surfaces))
      return ("surface_id", try SurfaceNoun.id(of: row).description)
    }
    if let role {
      let row = try LimitedRoles.find(role, in: try await admin.store.rows(.limitRoles))
      return ("role_id", try LimitedRoles.id(of: row).description)
    }
    let row = try Models.find(model ?? "", in: try await admin.store.rows(.models))
    return ("model_id", try Models.id(of: row).description)
  }
}
