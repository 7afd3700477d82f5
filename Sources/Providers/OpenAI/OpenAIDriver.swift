/// OpenAI chat completions (platform.openai.com/docs/api-reference/chat), and the many servers that speak it: OpenRouter,
/// vLLM, llama.cpp, LiteLLM, Azure OpenAI and other gateways.
package struct OpenAIDriver: ProviderDriver {
  package enum Kind: String, Sendable {
    case openai
    /// Azure OpenAI (learn.microsoft.com/azure/ai-foundry/openai/reference): the model is a deployment in the path, the
    /// key a header of its own.
    case azure
    /// A gateway at a managed domain; it has no endpoint of its own.
    case gateway
  }

  private let kind: Kind

  package init(_ kind: Kind = .openai) { self.kind = kind }

  package var name: String { kind.rawValue }

  package let toolMembers = ["tools", "tool_choice", "parallel_tool_calls", "functions", "function_call"]

  package func endpoint(region: String?, managedDomain: String?) throws(ProviderError) -> String {
    try ProviderEndpoint.resolve(
      region: region, managedDomain: managedDomain,
      fallback: kind == .openai ? "https://api.openai.com/v1" : nil)
  }

  package func request(for call: ProviderCall) throws(ProviderError) -> ProviderRequest {
    ProviderRequest(
      url: try url(of: call.route), accept: call.streaming ? "text/event-stream" : "application/json",
      body: OpenAIBody(call, kind).bytes)
  }

  package func authorize(
    _ request: inout ProviderRequest, with credential: String?, at time: Int
  ) throws(ProviderError) {
    guard let credential else { return }
    switch kind {
    case .azure: try request.authorize("api-key", credential)
    case .openai, .gateway: try request.authorize(bearer: credential)
    }
  }

  package func decoder(streaming: Bool) -> any ProviderDecoder { OpenAIReader.decoder(streaming: streaming) }

  /// An Azure endpoint without a path leads to a deployment, in the version below unless the endpoint's or the route's
  /// query names another; with one (`…/openai/v1`), to that path as anywhere else.
  private func url(of route: ProviderRoute) throws(ProviderError) -> String {
    guard kind == .azure, !ProviderEndpoint.hasPath(route.endpoint) else {
      return try ProviderEndpoint.url(route.endpoint, defaultPath: "/v1", path: "/chat/completions")
    }
    let url = try ProviderEndpoint.url(
      route.endpoint, defaultPath: "",
      path: "/openai/deployments/\(PercentEncoding.encoded(route.model))/chat/completions")
    if url.contains("api-version=") || route.overrides.query.contains(where: { $0.name == "api-version" }) {
      return url
    }
    return url + (url.contains("?") ? "&" : "?") + "api-version=2024-10-21"
  }
}
