import ArgumentParser
import Chat
import Store

/// `sluice identity erase`
struct EraseIdentity: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "erase",
    abstract: "Erase all that a person has said, for good.",
    discussion: """
      Bars the identity, and those merged into it, from all nodes within 5 s, cancels its live turns, and deletes its \
      names, links, roles, limits, conversations and messages, some at a time. Turns and the ledger stay, without \
      content. It may be broken off and repeated. It takes a role that is a member of sluice_privacy. Backups are \
      yours to think of.

        sluice identity export 0b9d5c1e --output ada.jsonl
        sluice identity erase 0b9d5c1e --yes
      """)

  /// Steps that wait for live turns: a minute.
  private static let patience = 120

  @Argument(help: "Id, or its first digits.")
  var identity: String

  @Flag(help: "It cannot be undone: without this, nothing happens.")
  var yes = false

  @OptionGroup var options: AdminOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    try await Administration.run(options) { admin in
      let id = try await Privacy.find(identity, in: admin)
      guard yes else { throw Refusal("identity \(id) is erased for good: say so with --yes") }
      var conversations = 0
      var waits = 0
      while true {
        let step = try await Privacy.allowed { () async throws(StoreError) in try await admin.privacy.erase(id) }
        conversations += step.conversations
        if step.isDone { break }
        guard step.conversations == 0, step.live > 0 else { continue }
        waits += 1
        guard waits < Self.patience else {
          throw Refusal("\(step.live) turns of identity \(id) do not end: see `sluice turn list --live`, and repeat")
        }
        try await Task.sleep(for: .milliseconds(500))
      }
      let row = AdminRow(json: Array(#"{"id":"\#(id)","conversations":\#(conversations)}"#.utf8))
      guard let row else { throw Refusal.gone }
      Printout.done(
        "identity \(id) is erased, \(conversations) conversations with it; nodes refuse it after at most 5 s", row,
        json: output.json)
    }
  }
}
