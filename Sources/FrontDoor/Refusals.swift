// What the front door answers by itself, in the protocol's form of an error.
extension Response {
  /// 404: no such path. Routes use the very same reply for what is absent or belongs to somebody else.
  package static let notFound = refusal(404, code: "not_found", message: "There is nothing here.")

  /// 405 with the methods that the path does take.
  package static func methodNotAllowed(allow: [Method]) -> Response {
    refusal(
      405, code: "method_not_allowed", message: "This path does not take that method.",
      headers: [("Allow", allow.map(\.rawValue).joined(separator: ", "))])
  }

  /// What no route takes: 405 with the methods that the path does take, or 404 if there are none.
  package static func unmatched(allow: [Method]) -> Response {
    allow.isEmpty ? .notFound : .methodNotAllowed(allow: allow)
  }

  /// 400: the web server passed no method or no path.
  static let badRequest = refusal(
    400, code: "bad_request", message: "The request has no method or no path, or a header that is not UTF-8.")

  /// 413: the body is longer than `Limits.maxBody`.
  static let bodyTooLarge = refusal(413, code: "body_too_large", message: "The request body is too long.")

  /// 431: the variables are longer than `Limits.maxParams`.
  static let paramsTooLarge = refusal(431, code: "headers_too_large", message: "The request headers are too long.")

  // The texts need no escaping: they are all written above.
  private static func refusal(
    _ status: Int, code: StaticString, message: StaticString, headers: [(String, String)] = []
  ) -> Response {
    Response(
      status: status, headers: headers,
      body: Array(#"{"error":{"code":"\#(code)","message":"\#(message)","retryable":false}}"#.utf8))
  }
}
