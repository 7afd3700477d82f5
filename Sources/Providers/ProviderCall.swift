/// One question to a provider: where, to which model, with what.
package struct ProviderCall: Sendable {
  package let route: ProviderRoute
  /// Goes before the messages; nil if the virtual model has none (or `nopreprompt`).
  package let systemPrompt: String?
  /// Oldest first.
  package let messages: [ProviderMessage]
  package let parameters: ProviderParameters
  /// Whether the answer is asked for as a stream.
  package let streaming: Bool

  package init(
    route: ProviderRoute, systemPrompt: String?, messages: [ProviderMessage], parameters: ProviderParameters,
    streaming: Bool
  ) {
    self.route = route
    self.systemPrompt = systemPrompt
    self.messages = messages
    self.parameters = parameters
    self.streaming = streaming
  }
}

extension ProviderCall: Redacted {
  package var description: String { "call of \(route) with \(messages.count) messages" }
}

/// The way from a virtual model to a provider's model.
package struct ProviderRoute: Sendable {
  /// Base URL, as `ProviderEndpoint.resolve` gives it.
  package let endpoint: String
  /// The provider's own name for the model.
  package let model: String
  /// The key itself; nil for servers that want none.
  package let credential: String?
  /// JSON object whose members replace those of the request; nil for none.
  package let overrides: String?

  package init(endpoint: String, model: String, credential: String?, overrides: String?) {
    self.endpoint = endpoint
    self.model = model
    self.credential = credential
    self.overrides = overrides
  }
}

extension ProviderRoute: Redacted {
  package var description: String { "route to \(model)" }
}
