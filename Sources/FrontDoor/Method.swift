/// The HTTP methods that routes tell apart (RFC 9110, section 9; PATCH: RFC 5789).
package enum Method: String, Sendable {
  case get = "GET"
  case post = "POST"
  case delete = "DELETE"
  case head = "HEAD"
  case options = "OPTIONS"
  case put = "PUT"
  case patch = "PATCH"
  /// Any other: no route takes it.
  case other = ""
}
