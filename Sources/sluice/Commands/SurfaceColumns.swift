import ArgumentParser
import Store

/// The columns of a surface, for `add` and `set`.
struct SurfaceColumns: ParsableArguments {
  @Option(help: "web, clientapi, discord, teams, salesforce or backend.")
  var kind: String?

  @Option(
    help: ArgumentHelp(
      "Origin whose pages may call, such as https://shop.example; * for all. May be repeated.", valueName: "origin"))
  var origin: [String] = []

  @Flag(inversion: .prefixedNo, help: "Give visitors a session without an account.")
  var anonymous: Bool?

  @Option(help: ArgumentHelp("The virtual model of a start that names none.", valueName: "name"))
  var defaultModel: String?

  @Option(help: ArgumentHelp("Least time between two replies to one reader.", valueName: "ms"))
  var paceMs: Int?

  @Option(help: ArgumentHelp("Anonymous sessions given per minute by each node; 0: none.", valueName: "sessions"))
  var sessionLimit: Int?

  @Option(
    help: ArgumentHelp(
      "How text is gathered into chunks: immediate, interval, words or sentences; else as the virtual model says.",
      valueName: "mode"))
  var chunking: String?

  @Option(help: ArgumentHelp("Bytes of text at which a chunk is enough of it.", valueName: "bytes"))
  var chunkBytes: Int?

  @Option(help: ArgumentHelp("Longest that text waits for its chunk.", valueName: "ms"))
  var chunkDelayMs: Int?

  @Flag var enabling: Enabling?

  /// All but the default model.
  func write(to changes: inout AdminChanges) {
    changes.set("kind", kind)
    changes.set("allowed_origins", origin.isEmpty ? nil : origin)
    changes.set("anonymous", anonymous)
    changes.set("pace_ms", paceMs)
    changes.set("session_limit", sessionLimit)
    changes.set("chunking", chunking)
    changes.set("chunk_bytes", chunkBytes)
    changes.set("chunk_delay_ms", chunkDelayMs)
    changes.set("enabled", enabling.map { $0 == .enable })
  }

  /// Nil if none is given.
  func defaultModelName(in store: AdminStore) async throws -> String? {
    guard let defaultModel else { return nil }
    return try Models.find(defaultModel, in: try await store.rows(.models)).text("name")
  }
}
