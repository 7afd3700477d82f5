/// OpenAI's Responses API (platform.openai.com/docs/api-reference/responses). Nothing is stored at the provider: the
/// whole conversation goes with each request, reasoning as the encrypted items in which it came.
package struct ResponsesDriver: ProviderDriver {
  package let name = "responses"
  package let toolMembers = ["tools", "tool_choice", "parallel_tool_calls", "max_tool_calls"]

  package init() {}

  package func endpoint(region: String?, managedDomain: String?) throws(ProviderError) -> String {
    try ProviderEndpoint.resolve(
      region: region, managedDomain: managedDomain, fallback: "https://api.openai.com/v1")
  }

  package func request(for call: ProviderCall) throws(ProviderError) -> ProviderRequest {
    ProviderRequest(
      url: try ProviderEndpoint.url(call.route.endpoint, defaultPath: "/v1", path: "/responses"),
      accept: call.streaming ? "text/event-stream" : "application/json", body: try ResponsesBody(call).bytes)
  }

  package func authorize(
    _ request: inout ProviderRequest, with credential: String?, at time: Int
  ) throws(ProviderError) {
    if let credential { try request.authorize(bearer: credential) }
  }

  package func decoder(streaming: Bool) -> any ProviderDecoder { ResponsesReader.decoder(streaming: streaming) }
}
