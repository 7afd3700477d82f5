/// Anthropic's Messages API (platform.claude.com/docs/en/api/messages), and the servers that speak it.
package struct AnthropicDriver: ProviderDriver {
  package let name = "anthropic"
  package let toolMembers = ["tools", "tool_choice"]

  package init() {}

  package func endpoint(region: String?, managedDomain: String?) throws(ProviderError) -> String {
    try ProviderEndpoint.resolve(
      region: region, managedDomain: managedDomain, fallback: "https://api.anthropic.com/v1")
  }

  package func request(for call: ProviderCall) throws(ProviderError) -> ProviderRequest {
    ProviderRequest(
      url: try ProviderEndpoint.url(call.route.endpoint, defaultPath: "/v1", path: "/messages"),
      accept: call.streaming ? "text/event-stream" : "application/json",
      headers: [("anthropic-version", "2023-06-01")], body: try AnthropicBody(call, driver: name).bytes)
  }

  package func authorize(
    _ request: inout ProviderRequest, with credential: String?, at time: Int
  ) throws(ProviderError) {
    if let credential { try request.authorize("x-api-key", credential) }
  }

  package func decoder(streaming: Bool) -> any ProviderDecoder { AnthropicReader.decoder(streaming: streaming) }
}
