import FrontDoor

/// What browsers ask of a server that pages of another origin talk to (WHATWG Fetch, section 3.3).
enum CrossOrigin {
  /// For a reply to a request from an allowed `origin`; nil means the request is not cross-origin.
  static func headers(for origin: String?) -> [(String, String)] {
    guard let origin else { return [] }
    return [
      ("Access-Control-Allow-Origin", origin), ("Access-Control-Expose-Headers", "Retry-After"), ("Vary", "Origin"),
    ]
  }

  /// The answer to a preflight, from memory. What is not allowed gets no permission, which is a browser's refusal.
  static func preflight(origin: String?) -> Response {
    var headers = headers(for: origin)
    if origin == nil {
      headers.append(("Vary", "Origin"))
    } else {
      headers += [
        ("Access-Control-Allow-Methods", "GET, POST, DELETE"),
        ("Access-Control-Allow-Headers", "Authorization, Content-Type, Idempotency-Key, Last-Event-ID"),
        ("Access-Control-Max-Age", "86400"),
      ]
    }
    return Response(Response.Head(status: 204, headers: headers))
  }
}
