/// One whole request as the web server passed it. A value: it outlives its connection.
///
/// Only what Sluice reads is kept of the CGI variables (RFC 3875, section 4.1); nil means the web server did not pass
/// the variable, or passed it empty.
package struct Request: Sendable {
  package let method: Method
  /// Below the mount prefix, beginning with "/", without the query; decoded only as far as the web server did it.
  package let path: String
  /// SCRIPT_NAME without a trailing "/": what stands before `path` in the browser. "" at the root.
  package let mount: String
  /// What follows "?", still encoded. "" if nothing does.
  package let query: String
  /// HTTP_AUTHORIZATION. A secret: never to be logged.
  package let authorization: String?
  /// HTTP_HOST: what the client calls this server, with its port if it is not the scheme's own.
  package let host: String?
  /// HTTP_ORIGIN.
  package let origin: String?
  /// HTTP_ACCEPT.
  package let accept: String?
  /// CONTENT_TYPE.
  package let contentType: String?
  /// HTTP_IDEMPOTENCY_KEY.
  package let idempotencyKey: String?
  /// HTTP_LAST_EVENT_ID: the id of the last event that a client of an event stream has (WHATWG HTML, section 9.2).
  package let lastEventID: String?
  /// HTTP_X_SLUICE_USER: the external user a surface's back end acts for.
  package let user: String?
  /// REMOTE_ADDR.
  package let remoteAddress: String?
  package let body: [UInt8]

  package init(
    method: Method, path: String, mount: String = "", query: String = "", authorization: String? = nil,
    host: String? = nil, origin: String? = nil, accept: String? = nil, contentType: String? = nil,
    idempotencyKey: String? = nil, lastEventID: String? = nil, user: String? = nil, remoteAddress: String? = nil,
    body: [UInt8] = []
  ) {
    self.method = method
    self.path = path
    self.mount = mount
    self.query = query
    self.authorization = authorization
    self.host = host
    self.origin = origin
    self.accept = accept
    self.contentType = contentType
    self.idempotencyKey = idempotencyKey
    self.lastEventID = lastEventID
    self.user = user
    self.remoteAddress = remoteAddress
    self.body = body
  }

  /// The first value of that name in the query, decoded; "" for a name without "=", nil if the name is absent.
  /// Names are compared as they stand, still encoded.
  package func queryValue(_ name: StaticString) -> String? { FormText.value(of: name, in: query) }
}
