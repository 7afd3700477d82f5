/// Ollama's own chat (docs.ollama.com/api/chat). Its server speaks OpenAI's format too, but that says nothing of the
/// context's length and the time that a model stays loaded: here a route's overrides do (`options.num_ctx`,
/// `keep_alive`).
package struct OllamaDriver: ProviderDriver {
  package let name = "ollama"
  package let toolMembers = ["tools"]

  package init() {}

  package func endpoint(region: String?, managedDomain: String?) throws(ProviderError) -> String {
    try ProviderEndpoint.resolve(
      region: region, managedDomain: managedDomain, fallback: "http://127.0.0.1:11434")
  }

  package func request(for call: ProviderCall) throws(ProviderError) -> ProviderRequest {
    ProviderRequest(
      url: try ProviderEndpoint.url(call.route.endpoint, defaultPath: "", path: "/api/chat"),
      accept: call.streaming ? "application/x-ndjson" : "application/json", body: try OllamaBody(call).bytes)
  }

  /// Ollama's cloud, and proxies before a server, want a key; a server itself wants none.
  package func authorize(
    _ request: inout ProviderRequest, with credential: String?, at time: Int
  ) throws(ProviderError) {
    if let credential { try request.authorize(bearer: credential) }
  }

  package func decoder(streaming: Bool) -> any ProviderDecoder { OllamaReader.decoder(streaming: streaming) }
}
