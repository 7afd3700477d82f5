import ArgumentParser
import Chat
import Crypto
import Store

/// `sluice key rotate`
struct RotateKey: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rotate",
    abstract: "Make a key in the place of another; it is shown once.",
    discussion: """
      The new key is for the same surface, acts as the same identity and bears the same label, so that its holder \
      loses no conversation. Both hold until the grace is over; an earlier end of the old one stays. Repeated, it \
      makes a further key.

        sluice key rotate 6f0c1d2e > helpdesk.key
        sluice key rotate Helpdesk --grace 12h --expires 365d > helpdesk.key
        sluice key rotate 6f0c1d2e --json | jq -r .key
      """)

  @Argument(help: "Id, its first digits, or the label, if no other key bears it.")
  var key: String

  @Option(help: ArgumentHelp("How long the old key still holds.", valueName: "time"))
  var grace = "7d"

  @Option(help: ArgumentHelp("The new key is refused from then on: 90d, 12h, or a date.", valueName: "when"))
  var expires: String?

  @OptionGroup var options: AdminOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    var changes = AdminChanges()
    try Lifetime.write(expires, to: &changes)
    guard let grace = Lifetime.span(grace) else { throw misuse("--grace must be such as 7d, 12h or 30m") }
    let secret = KeyCommand.Add.key()
    try await Administration.run(options) { [changes] admin in
      let old = try Self.find(key, in: try await admin.store.rows(.keys))
      if old.text("state") == "revoked" { throw Refusal("\(Keys.label(of: old)) is revoked for good") }
      var changes = changes
      changes.set("label", old.text("label"))
      let new = try await admin.store.rotate(
        key: Keys.id(of: old), as: .random(), hash: Array(SHA256.hash(data: Array(secret.utf8))), changes, grace: grace)
      guard let new else { throw Refusal.gone }
      let kept = try Keys.find(try Keys.id(of: old).description, in: try await admin.store.rows(.keys))
      if output.json {
        guard let whole = new.adding("key", secret)?.adding("old_expires_at", kept.text("expires_at") ?? "") else {
          throw Refusal.gone
        }
        return Printout.one(whole, json: true)
      }
      print(secret)
      let end = new.text("expires_at").map { ", until \(Plain.value(.text($0)))" } ?? ""
      let last = kept.text("expires_at").map { Plain.value(.text($0)) } ?? ""
      Printout.note("\(Keys.label(of: new))\(end); it is not shown again. \(Keys.label(of: old)) holds until \(last)")
    }
  }

  /// By its id; or by its label, which several may bear: those that are over do not count.
  private static func find(_ reference: String, in rows: [AdminRow]) throws(Refusal) -> AdminRow {
    let named = rows.filter { row in
      row.text("label") == reference && !["revoked", "expired"].contains(row.text("state"))
    }
    if named.count == 1 { return named[0] }
    if named.count > 1 { throw Refusal("\(named.count) keys bear the label \(Plain.line(reference)): give an id") }
    return try Keys.find(reference, in: rows)
  }
}
