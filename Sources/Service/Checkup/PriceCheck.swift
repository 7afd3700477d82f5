import Store

/// Whether limits of money count all that they are for.
enum PriceCheck {
  static func findings(_ routes: [CheckupStore.UnpricedRoute]) -> [Finding] {
    let findings = routes.map { route in
      Finding.warn(
        "prices",
        "\(route.model): \(route.driver) \(route.providerModel) has no price: limits of money do not count it",
        mend: "sluice price add \(route.driver) \(route.providerModel) --input … --output …")
    }
    return findings.isEmpty ? [.ok("prices", "all that limits of money meet")] : findings
  }
}
