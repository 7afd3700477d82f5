import FrontDoor

/// The routes below `/v1/`: for programs that speak to OpenAI's API, and now to this one.
struct OpenAIRoutes: Sendable {
  let completions: CompletionsRoute
  let models: ListedModelsRoute

  var routes: [Route] {
    [
      Route(.post, "/v1/chat/completions") { [completions] request, _, exchange in
        completions.handle(request, exchange)
      },
      Route(.get, "/v1/models") { [models] request, _, exchange in models.list(request, exchange) },
      Route(.get, "/v1/models/{name*}") { [models] in models.read($0, $1, $2) },
    ]
  }
}
