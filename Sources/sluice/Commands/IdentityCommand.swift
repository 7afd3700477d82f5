import ArgumentParser

/// `sluice identity`
struct IdentityCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "identity",
    abstract: "Identities: persons and services, the same on every surface.",
    discussion: """
        sluice identity export 0b9d5c1e --output ada.jsonl
        sluice identity erase 0b9d5c1e --yes
      """,
    subcommands: [ExportIdentity.self, EraseIdentity.self])
}
