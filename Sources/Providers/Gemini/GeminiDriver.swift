/// Google's Gemini API (ai.google.dev/api/generate-content).
package struct GeminiDriver: ProviderDriver {
  package let name = "gemini"
  package let toolMembers = ["tools", "toolConfig"]

  package init() {}

  package func endpoint(region: String?, managedDomain: String?) throws(ProviderError) -> String {
    try ProviderEndpoint.resolve(
      region: region, managedDomain: managedDomain, fallback: "https://generativelanguage.googleapis.com/v1beta")
  }

  package func request(for call: ProviderCall) throws(ProviderError) -> ProviderRequest {
    ProviderRequest(
      url: try url(of: call), accept: call.streaming ? "text/event-stream" : "application/json",
      body: try GeminiBody(call).bytes)
  }

  package func authorize(
    _ request: inout ProviderRequest, with credential: String?, at time: Int
  ) throws(ProviderError) {
    guard let credential else { return }
    try request.authorize("x-goog-api-key", credential)
  }

  package func decoder(streaming: Bool) -> any ProviderDecoder { GeminiReader.decoder(streaming: streaming) }

  /// A model with a folder in its name (`models/…`, `tunedModels/…`) is a path already.
  private func url(of call: ProviderCall) throws(ProviderError) -> String {
    let names = call.route.model.split(separator: "/").map { PercentEncoding.encoded(String($0)) }
    let model = (names.count == 1 ? ["models"] : []) + names
    let path = "/" + model.joined(separator: "/")
    guard call.streaming else {
      return try ProviderEndpoint.url(
        call.route.endpoint, defaultPath: "/v1beta", path: path + ":generateContent")
    }
    let url = try ProviderEndpoint.url(
      call.route.endpoint, defaultPath: "/v1beta", path: path + ":streamGenerateContent")
    return url + (url.contains("?") ? "&" : "?") + "alt=sse"
  }
}
