/// What of a response's head matters here.
package struct ResponseHead: Sendable, Equatable {
  /// The final status, 200 to 999. Redirects are not followed.
  package let status: Int
  /// As sent, with its parameters; nil if absent.
  package let contentType: String?
  /// Seconds, from either form of `Retry-After` (RFC 9110, section 10.2.3); nil if absent or past.
  package let retryAfter: Int?
  /// The provider's name for the request, from `x-request-id`, `request-id` or `x-amzn-requestid`; nil if absent.
  package let requestID: String?

  package init(status: Int, contentType: String? = nil, retryAfter: Int? = nil, requestID: String? = nil) {
    self.status = status
    self.contentType = contentType
    self.retryAfter = retryAfter
    self.requestID = requestID
  }
}
