/// The drivers this program has; a new one is one line here.
package enum ProviderRegistry {
  private static let drivers: [any ProviderDriver] = [
    OpenAIDriver()
  ]

  /// Nil if there is no driver of that name.
  package static func driver(named name: String) -> (any ProviderDriver)? {
    drivers.first { type(of: $0).name == name }
  }
}
