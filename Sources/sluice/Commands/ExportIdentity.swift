import ArgumentParser
import Chat
import Store

/// `sluice identity export`
struct ExportIdentity: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "Write down all that is kept of a person.",
    discussion: """
      JSON lines, an object each, of `kind` (identity, link, conversation, message, turn, log, usage …) and `item`, \
      the row. Of identities merged into it as well. Keys, hashes and providers are left out. It takes a role that is \
      a member of sluice_privacy, and the audit says who asked.

        sluice identity export 0b9d5c1e --output ada.jsonl
        sluice identity export 0b9d5c1e | jq -r 'select(.kind == "message") | .item.parts'
      """)

  @Argument(help: "Id, or its first digits.")
  var identity: String

  @Option(help: "A new file, readable by you alone; without it, standard output.")
  var output: String?

  @OptionGroup var options: AdminOptions

  func run() async throws {
    try await Administration.run(options) { admin in
      let id = try await Privacy.find(identity, in: admin)
      let first = try await Privacy.allowed { () async throws(StoreError) in try await admin.privacy.lines(of: id) }
      let file = try output.map { try ExportFile(path: $0) }
      var count = 0
      for line in first {
        try write([line], to: file)
        count += 1
        if let conversation = line.conversation {
          let contents = try await admin.privacy.contents(of: conversation, of: id)
          try write(contents, to: file)
          count += contents.count
        }
      }
      if let output { Printout.note("\(count) lines of identity \(id) in \(Plain.line(output))") }
    }
  }

  private func write(_ lines: [PrivacyStore.Line], to file: ExportFile?) throws(Refusal) {
    for line in lines {
      if let file { try file.write(line.json) } else { print(String(decoding: line.json, as: UTF8.self)) }
    }
  }
}
