/// One question to a provider: where, to which model, with what.
package struct ProviderCall: Sendable {
  package let route: ProviderRoute
  /// Goes before the messages; nil if the virtual model has none (or `nopreprompt`).
  package let systemPrompt: String?
  /// Oldest first.
  package let messages: [ProviderMessage]
  package let parameters: ProviderParameters
  /// Nil for a virtual model whose `notool` is set: then no key and no message speaks of tools.
  package let tools: ProviderTools?
  /// Whether clients see that the model reasons, or how: some providers say so only when asked.
  package let showsReasoning: Bool
  /// Whether the answer is asked for as a stream.
  package let streaming: Bool

  /// `prefixPrompt` goes before the first user's message, in the same message: for models that know no system prompt.
  package init(
    route: ProviderRoute, systemPrompt: String? = nil, prefixPrompt: String? = nil, messages: [ProviderMessage],
    parameters: ProviderParameters = .none, tools: ProviderTools? = ProviderTools(), showsReasoning: Bool = false,
    streaming: Bool
  ) {
    self.route = route
    self.systemPrompt = systemPrompt
    self.parameters = parameters
    self.tools = tools
    self.showsReasoning = showsReasoning
    self.streaming = streaming
    var messages = tools == nil ? messages.compactMap(\.withoutTools) : messages
    if let prefixPrompt, let index = messages.firstIndex(where: { $0.role == .user }) {
      messages[index] = ProviderMessage(role: .user, parts: [.text(prefixPrompt + "\n\n")] + messages[index].parts)
    }
    self.messages = messages
  }
}

extension ProviderCall: Redacted {
  package var description: String { "call of \(route) with \(messages.count) messages" }
}

/// The way from a virtual model to a provider's model.
package struct ProviderRoute: Sendable {
  /// Base URL, as the driver's `endpoint` gives it.
  package let endpoint: String
  /// The provider's own name for the model.
  package let model: String
  /// The key itself; nil for servers that want none.
  package let credential: String?
  package let overrides: ProviderOverrides

  package init(endpoint: String, model: String, credential: String?, overrides: ProviderOverrides = .none) {
    self.endpoint = endpoint
    self.model = model
    self.credential = credential
    self.overrides = overrides
  }
}

extension ProviderRoute: Redacted {
  package var description: String { "route to \(model)" }
}
