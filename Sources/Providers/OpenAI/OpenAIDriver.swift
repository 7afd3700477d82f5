import Chat

/// OpenAI chat completions (platform.openai.com/docs/api-reference/chat), and the many servers that speak it: Azure,
/// OpenRouter, vLLM, llama.cpp, Ollama and others.
package struct OpenAIDriver: ProviderDriver {
  package static let name = "openai"
  package static let defaultEndpoint = "https://api.openai.com/v1"

  package init() {}

  package func request(for call: ProviderCall) throws(ProviderError) -> ProviderRequest {
    var headers = [
      (name: "content-type", value: "application/json"),
      (name: "accept", value: call.streaming ? "text/event-stream" : "application/json"),
    ]
    if let credential = call.route.credential {
      guard !credential.isEmpty, credential.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
        throw ProviderError(.misconfigured, cause: "credential: empty, or holds bytes that no header can")
      }
      headers.append((name: "authorization", value: "Bearer \(credential)"))
    }
    return ProviderRequest(
      url: try ProviderEndpoint.url(call.route.endpoint, defaultPath: "/v1", path: "/chat/completions"),
      headers: headers, body: try OpenAIBody(call).bytes)
  }

  package func decoder(streaming: Bool) -> any ProviderDecoder {
    streaming ? OpenAIStream() : OpenAIResponse()
  }

  package func failure(status: Int, retryAfter: Int?, body: UnsafeRawBufferPointer) -> ProviderError {
    OpenAIFailure(status: status, body: body).error(retryAfter: retryAfter)
  }
}
