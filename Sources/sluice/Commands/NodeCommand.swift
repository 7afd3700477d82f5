import ArgumentParser
import Chat
import Store

/// Running and dead nodes.
enum Nodes: ListedNoun {
  static let word = "node"
  static var list: AdminList { .nodes }
  static let nameKey: String? = nil
  static let idKey = "incarnation"
  static let columns = [
    Column("incarnation"), Column("state"), Column("host"), Column("tag"), Column("version"), Column("live_turns"),
    Column("started_at", "STARTED"), Column("lease_until"),
  ]
  static let listExamples = """
      sluice node list
      sluice node list --json | jq -r '.[] | select(.state == "live") | .host'
    """
  static let showExamples = """
      sluice node show 01a1fd74-bc3b
      sluice node show 01a1fd74-bc3b --json | jq .live_turns
    """
}

/// `sluice node`
struct NodeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "node",
    abstract: "Nodes: the running programs and their leases.",
    discussion: """
      Each start of the program is an incarnation with one row and one lease, which it renews every 3 s. `live`: the \
      lease holds. `lapsed`: late or dead, not yet judged. `voided`: judged dead, for good; the other nodes end its \
      turns, and the row goes after 7 days. A program that was voided by mistake registers anew. Nodes are started by \
      `sluice serve`, not from here.

        sluice node list
        sluice turn list --live
      """,
    subcommands: [ListRows<Nodes>.self, ShowRow<Nodes>.self, Remove.self])

  struct Remove: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "remove",
      abstract: "Void a node whose lease has lapsed.",
      discussion: """
        The nodes do so themselves some 10 s after a death, if one of them is there to judge. Once voided, its turns are \
        ended by any node that lives. Refused while the lease holds: stop the program instead.

          sluice node remove 01a1fd74-bc3b
          sluice node list --json | jq -r '.[] | select(.state == "lapsed") | .incarnation' | xargs -n 1 sluice node remove
        """)

    @Argument(help: "Incarnation, or its first digits.")
    var node: String

    @OptionGroup var options: AdminOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
      try await Administration.run(options) { admin in
        var row = try Nodes.find(node, in: try await admin.store.rows(.nodes))
        let id = try Nodes.id(of: row)
        let voided = try await admin.store.void(node: id)
        row = try Nodes.find(id.description, in: try await admin.store.rows(.nodes))
        guard row.text("state") == "voided" else {
          throw Refusal(
            "\(Nodes.label(of: row)) on \(Plain.line(row.text("host") ?? "")) holds its lease: stop the program there")
        }
        Printout.done(
          "\(Nodes.label(of: row)) \(voided ? "is" : "was") voided; the living nodes end its turns "
            + "(\(row.int("live_turns") ?? 0) left), and its row goes after 7 days",
          row, json: output.json)
      }
    }
  }
}
