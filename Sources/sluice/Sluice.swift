import ArgumentParser

/// The program.
@main
struct Sluice: AsyncParsableCommand {
  static let version = "0.1.0"

  static let configuration = CommandConfiguration(
    commandName: "sluice",
    abstract: "Streams LLM chat to places that cannot hold a stream open, behind nginx.",
    discussion: """
      A FastCGI responder: nginx passes /chat/… to it, it keeps the streams to the model providers and the log of \
      every turn in PostgreSQL; clients fetch the text by polls that it paces.

        sluice check --config /etc/sluice/sluice.conf    is everything in place?
        sluice serve --config /etc/sluice/sluice.conf    run

      What users can choose, and who may call, is in the database, to be edited by SQL or by these commands.

        sluice model add assistant --title "Assistant"
        sluice key add web --label "Shop" --expires 365d
        sluice turn list --live
      """,
    version: version,
    subcommands: [Serve.self, Check.self, Version.self],
    groupedSubcommands: [
      CommandGroup(
        name: "Configuration",
        subcommands: [
          ModelCommand.self, RouteCommand.self, CredentialCommand.self, SurfaceCommand.self, KeyCommand.self,
          RoleCommand.self, IssuerCommand.self, IdentityCommand.self,
        ]),
      CommandGroup(
        name: "Usage", subcommands: [LimitCommand.self, PriceCommand.self, UsageCommand.self]),
      CommandGroup(name: "Operation", subcommands: [TurnCommand.self, NodeCommand.self, AuditCommand.self]),
    ])
}

extension Sluice {
  static func main() async {
    let arguments = Array(CommandLine.arguments.dropFirst())
    if let fault = AbsentSubcommand.fault(in: arguments, of: Self.self) {
      exit(withError: failure(fault, status: ExitCode.validationFailure.rawValue))
    }
    await main(arguments)
  }
}

/// `sluice version`
struct Version: ParsableCommand {
  static let configuration = CommandConfiguration(abstract: "Print the version.")

  func run() { print("sluice \(Sluice.version)") }
}

/// Where the configuration comes from, the same for all commands.
struct ConfigurationOptions: ParsableArguments {
  @Option(name: [.short, .long], help: "File of `key = value` lines.")
  var config: String?

  @Option(name: .long, help: ArgumentHelp("Set one key; wins over file and environment.", valueName: "key=value"))
  var set: [String] = []

  static let keys =
    "Keys, each also as SLUICE_KEY in the environment and as --set key=value; those with a * are taken up by SIGHUP:\n\n"
    + ConfigurationKey.allCases.map { key in
      "  \(key.rawValue):\n\(wrapped(key.isReloadable ? key.help + " *" : key.help))"
    }.joined(separator: "\n")

  /// Indented lines that no terminal of 80 columns wraps again.
  private static func wrapped(_ text: String) -> String {
    var lines = [""]
    for word in text.split(separator: " ") {
      if lines[lines.count - 1].count + word.count > 70 { lines.append("") }
      lines[lines.count - 1] += lines[lines.count - 1].isEmpty ? word : " \(word)"
    }
    return lines.map { "      \($0)" }.joined(separator: "\n")
  }

  func load() throws -> Configuration { try Configuration(file: config, settings: set) }
}
