import ArgumentParser
import Providers
import Store

/// The columns of a route, for `add` and `set`.
struct RouteColumns: ParsableArguments {
  @Option(help: ArgumentHelp("The model as the provider calls it.", valueName: "name"))
  var providerModel: String?

  @Option(
    help: ArgumentHelp(
      "Whole endpoint (http://… or https://…), a short name in front of the credential's managed domain, or an AWS "
        + "region for bedrock; without it the provider's own endpoint.", valueName: "url|name"))
  var region: String?

  @Option(
    help: ArgumentHelp(
      "Wire format of the provider: \(ProviderRegistry.names); openai, if a new route has none.", valueName: "name"))
  var driver: String?

  @Option(help: ArgumentHelp("The secret to send: name of a credential.", valueName: "name"))
  var credential: String?

  @Option(help: ArgumentHelp("The least is tried first; 1, if a new route has none.", valueName: "number"))
  var priority: Int?

  @Option(help: ArgumentHelp("Share of turns among routes of one priority.", valueName: "number"))
  var weight: Int?

  @Option(
    help: ArgumentHelp(
      "JSON object that is merged into the body of the request, over all that the virtual model says; null drops a key.",
      valueName: "json|@file"))
  var overrides: String?

  @Option(help: ArgumentHelp("JSON object of texts: further headers. No secrets.", valueName: "json|@file"))
  var headers: String?

  @Option(
    help: ArgumentHelp("JSON object of texts: further parameters of the URL. No secrets.", valueName: "json|@file"))
  var query: String?

  @Option(help: ArgumentHelp("1: a connection for each turn; 2: HTTP/2, many turns on one.", valueName: "1|2"))
  var httpVersion: Int?

  @Option(help: ArgumentHelp("Turns that one node runs on it at a time.", valueName: "turns"))
  var concurrencyLimit: Int?

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
    if let driver, ProviderRegistry.driver(named: driver) == nil {
      throw misuse("--driver must be one of \(ProviderRegistry.names)")
    }
    let overrides = try ArgumentText.object(overrides, option: "--overrides")
    let headers = try ArgumentText.object(headers, option: "--headers")
    let query = try ArgumentText.object(query, option: "--query")
    do { _ = try ProviderOverrides(body: overrides, headers: headers, query: query) } catch {
      throw misuse("--\(Plain.line(error.cause))")
    }
    changes.set("provider_model", providerModel)
    changes.set("region", region)
    changes.set("driver", driver)
    changes.set("priority", priority)
    changes.set("weight", weight)
    changes.set("overrides", json: overrides)
    changes.set("headers", json: headers)
    changes.set("query", json: query)
    changes.set("http_version", httpVersion)
    changes.set("concurrency_limit", concurrencyLimit)
    changes.set("connect_timeout_ms", connectTimeoutMs)
    changes.set("first_byte_timeout_ms", firstByteTimeoutMs)
    changes.set("first_token_timeout_ms", firstTokenTimeoutMs)
    changes.set("idle_timeout_ms", idleTimeoutMs)
    changes.set("total_timeout_ms", totalTimeoutMs)
    changes.set("enabled", enabling.map { $0 == .enable })
  }

  /// Nil if none is given.
  func credentialRow(in store: AdminStore) async throws -> AdminRow? {
    guard let credential else { return nil }
    return try Credentials.find(credential, in: try await store.rows(.credentials))
  }

  /// Refuses an endpoint that the driver cannot make. A driver that this program lacks is not asked.
  static func checkEndpoint(driver: String, region: String?, managedDomain: String?) throws(Refusal) {
    guard let driver = ProviderRegistry.driver(named: driver) else { return }
    // Its words name the column and nothing that stands in it.
    do { _ = try driver.endpoint(region: region, managedDomain: managedDomain) } catch {
      throw Refusal("driver \(driver.name) finds no endpoint: \(error.cause)")
    }
  }
}
