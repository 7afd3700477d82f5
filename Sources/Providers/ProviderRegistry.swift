/// The drivers this program has; a new one is one line here.
package enum ProviderRegistry {
  package static let drivers: [any ProviderDriver] = [
    OpenAIDriver(.openai),
    OpenAIDriver(.azure),
    OpenAIDriver(.gateway),
    AnthropicDriver(),
    BedrockDriver(),
    EchoDriver(),
    OllamaDriver(),
    ResponsesDriver(),
    GeminiDriver(),
  ]

  /// Of all, with commas.
  package static var names: String { drivers.map(\.name).joined(separator: ", ") }

  /// Nil if there is no driver of that name.
  package static func driver(named name: String) -> (any ProviderDriver)? {
    drivers.first { $0.name == name }
  }
}
