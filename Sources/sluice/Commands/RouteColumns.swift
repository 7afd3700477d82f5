import ArgumentParser
import Providers
import Store

/// The columns of a route, for `add` and `set`.
struct RouteColumns: ParsableArguments {
  @Option(help: ArgumentHelp("The model as the provider calls it.", valueName: "name"))
  var providerModel: String?

  @Option(
    help: ArgumentHelp(
      "Whole endpoint (http://… or https://…), or a short name in front of the credential's managed domain.",
      valueName: "url|name"))
  var region: String?

  @Option(help: ArgumentHelp("Wire format of the provider; openai, if a new route has none.", valueName: "name"))
  var driver: String?

  @Option(help: ArgumentHelp("The secret to send: name of a credential.", valueName: "name"))
  var credential: String?

  @Option(help: ArgumentHelp("The least is tried first; 1, if a new route has none.", valueName: "number"))
  var priority: Int?

  @Option(help: ArgumentHelp("Share of turns among routes of one priority.", valueName: "number"))
  var weight: Int?

  @Option(
    help: ArgumentHelp("JSON object of parameters that win over the virtual model's.", valueName: "json|@file"))
  var overrides: String?

  @Option(help: ArgumentHelp("Longest wait for a connection.", valueName: "ms"))
  var connectTimeoutMs: Int?

  @Option(
    help: ArgumentHelp(
      "Longest wait from the request to the status line of the reply; without it, as long as to the first data.",
      valueName: "ms"))
  var firstByteTimeoutMs: Int?

  @Option(
    help: ArgumentHelp(
      "Longest wait from the request to the first data, keep-alives not counted; without it, as long as to the status "
        + "line. Without either both are 60000.", valueName: "ms"))
  var firstTokenTimeoutMs: Int?

  @Option(help: ArgumentHelp("Longest silence within a reply.", valueName: "ms"))
  var idleTimeoutMs: Int?

  @Option(help: ArgumentHelp("Longest life of a whole request.", valueName: "ms"))
  var totalTimeoutMs: Int?

  @Flag var enabling: Enabling?

  /// All but the credential. Throws a usage error for what no node could use.
  func write(to changes: inout AdminChanges) throws {
    if let region, region.hasPrefix("http://") || region.hasPrefix("https://") {
      // Not a word of it: somebody may have put a password in.
      do { _ = try ProviderEndpoint.resolve(region: region, managedDomain: nil, fallback: "") } catch {
        throw misuse("--\(error.cause)")
      }
    }
    changes.set("provider_model", providerModel)
    changes.set("region", region)
    changes.set("driver", driver)
    changes.set("priority", priority)
    changes.set("weight", weight)
    changes.set("overrides", json: try ArgumentText.object(overrides, option: "--overrides"))
    changes.set("connect_timeout_ms", connectTimeoutMs)
    changes.set("first_byte_timeout_ms", firstByteTimeoutMs)
    changes.set("first_token_timeout_ms", firstTokenTimeoutMs)
    changes.set("idle_timeout_ms", idleTimeoutMs)
    changes.set("total_timeout_ms", totalTimeoutMs)
    changes.set("enabled", enabling.map { $0 == .enable })
  }

  /// Nil if none is given.
  func credentialID(in store: AdminStore) async throws -> String? {
    guard let credential else { return nil }
    return try Credentials.find(credential, in: try await store.rows(.credentials)).text("id")
  }
}
