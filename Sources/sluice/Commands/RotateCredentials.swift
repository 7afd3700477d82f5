import ArgumentParser
import Chat
import Service
import Store
import Wire

/// `sluice credential rotate`
struct RotateCredentials: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rotate",
    abstract: "Seal secrets anew, with the first key.",
    discussion: """
      Opens each sealed secret with the key that sealed it and seals it with the first of credential_keys. To replace a \
      key while nodes run: put the new line first in the file of credential_keys and keep the old one below, here and \
      on every node; send SIGHUP to the nodes; rotate; then drop the old line. What does not open is named and stays as \
      it is. It may be repeated.

        sluice credential rotate --config /etc/sluice/sluice.conf
        sluice credential rotate openai gateway --json | jq -r '.resealed[]'
      """)

  @Argument(help: "Names, ids, or the ids' first digits; without any, all that are sealed.")
  var credentials: [String] = []

  @OptionGroup var options: AdminOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    let vault = try CredentialVault.load(options)
    try await Administration.run(options) { admin in
      var rotation = Rotation(key: vault.sealing ?? "")
      for secret in try await secrets(in: admin.store) {
        rotation.note(secret, try await Self.rotate(secret, vault, in: admin.store))
      }
      print(output.json ? rotation.json : rotation.sentence)
      guard rotation.failed.isEmpty else {
        for (name, reason) in rotation.failed { Printout.note("sluice: \(Plain.line(name)): \(reason)") }
        throw ExitCode.failure
      }
    }
  }

  /// Those that are meant, by name. Throws `Refusal` for a name without a sealed secret.
  private func secrets(in store: AdminStore) async throws -> [SealedSecret] {
    let all = try await store.sealedSecrets()
    if credentials.isEmpty { return all }
    let ids = try ids(among: try await store.rows(.credentials))
    return all.filter { ids.contains($0.id) }
  }

  // A function of its own: inside an async one the release build's compiler (6.3.1) crashes over the closure.
  private func ids(among rows: [AdminRow]) throws -> Set<ID> {
    Set(
      try credentials.map { reference in
        let row = try Credentials.find(reference, in: rows)
        guard row.text("sealed_key") != nil else {
          throw Refusal("\(Credentials.label(of: row)) has no sealed secret")
        }
        return try Credentials.id(of: row)
      })
  }

  private static func rotate(
    _ secret: SealedSecret, _ vault: CredentialVault, in store: AdminStore
  ) async throws -> Rotation.Outcome {
    let sealed: [UInt8]
    let key: String
    do {
      let opened = try vault.open(secret)
      if secret.key == vault.sealing { return .already }
      (sealed, key) = try vault.seal(opened, for: secret.id.description)
    } catch { return .failed("\(error)") }
    guard try await store.reseal(secret, as: sealed, key: key) else {
      return .failed("was changed by somebody else meanwhile: rotate again")
    }
    return .resealed
  }
}

/// What became of the secrets.
private struct Rotation {
  enum Outcome {
    case resealed, already
    case failed(String)
  }

  /// The name of the key that seals.
  let key: String
  var resealed: [String] = []
  var already: [String] = []
  var failed: [(name: String, reason: String)] = []

  init(key: String) { self.key = key }

  mutating func note(_ secret: SealedSecret, _ outcome: Outcome) {
    switch outcome {
    case .resealed: resealed.append(secret.name)
    case .already: already.append(secret.name)
    case .failed(let reason): failed.append((secret.name, reason))
    }
  }

  var sentence: String {
    let rest = failed.isEmpty ? "" : "; \(failed.count) failed"
    return "\(resealed.count) sealed anew with key \(key), \(already.count) had it already\(rest)"
  }

  /// `{"key", "resealed": […], "already": […], "failed": […]}`, names in each list.
  var json: String {
    var writer = JSONWriter()
    writer.beginObject()
    writer.member("key", key)
    for (name, list) in [("resealed", resealed), ("already", already), ("failed", failed.map(\.name))] {
      writer.key(escaping: name)
      writer.beginArray()
      for name in list { writer.string(name) }
      writer.endArray()
    }
    writer.endObject()
    return String(decoding: writer.bytes, as: UTF8.self)
  }
}
