import Chat
import Providers
import Store

/// Whether this program could ask the providers as the routes say.
enum RouteCheck {
  /// Tells which column is amiss, never what stands in it.
  static func findings(_ routes: [CheckupStore.RouteRow]) -> [Finding] {
    let findings = routes.compactMap(finding)
    return findings.isEmpty ? [.ok("routes", "\(routes.count) enabled")] : findings
  }

  private static func finding(_ route: CheckupStore.RouteRow) -> Finding? {
    guard let driver = ProviderRegistry.driver(named: route.driver) else {
      return .fail(
        "routes", "\(route.model): route \(route.id): this program has no driver \(route.driver)",
        mend: "sluice route set \(route.id) --driver … with one of \(ProviderRegistry.names); or install the program "
          + "that has it")
    }
    do { try tryOut(route, driver) } catch {
      return .fail(
        "routes", "\(route.model): route \(route.id): \(error.cause)",
        mend: error.cause.hasPrefix("parameters")
          ? "sluice model set \(route.model) --parameters …"
          : "sluice route set \(route.id) … with what is named; --disable leaves it out meanwhile")
    }
    return nil
  }

  /// As a turn does, but for the credential, which is another check's matter.
  private static func tryOut(
    _ route: CheckupStore.RouteRow, _ driver: any ProviderDriver
  ) throws(ProviderError) {
    let call = ProviderCall(
      route: ProviderRoute(
        endpoint: try driver.endpoint(region: route.region, managedDomain: route.managedDomain),
        model: route.providerModel, credential: nil,
        overrides: try ProviderOverrides(body: route.overrides, headers: route.headers, query: route.query)),
      messages: [ProviderMessage(role: .user, text: "?")], parameters: try ProviderParameters(json: route.parameters),
      streaming: route.streams)
    if driver.ownAnswer(to: call) == nil { _ = try driver.request(for: call) }
  }
}
