/// One HTTP request to a model provider. Header values and body may be secret: nothing here prints them.
package struct UpstreamRequest: Sendable {
  package enum Method: Sendable { case get, post }

  package enum Version: Sendable {
    /// HTTP/1.1: a connection of its own.
    case http1
    /// HTTP/2 (RFC 9113). With `https` one connection carries up to 100, or the server chooses HTTP/1.1. With `http` it
    /// must speak HTTP/2, and a connection carries one before libcurl 8.0; a proxy that is asked for the URL itself is
    /// asked by HTTP/1.1.
    case http2
  }

  /// Absolute, `http` or `https`, percent-encoded. User and password in it are refused: credentials are headers.
  package var url: String
  package var method: Method
  /// Sent in this order, beside curl's own `Host`, `User-Agent`, `Accept`, `Accept-Encoding` and `Content-Length`,
  /// which a header of the same name replaces. Control characters are refused.
  package var headers: [(name: String, value: String)]
  /// Sent with `.post` only. libcurl keeps the one copy.
  package var body: [UInt8]
  package var limits: Limits
  /// Nil: the pool's authorities and no client certificate.
  package var tls: UpstreamTLS?
  package var version: Version

  /// How long each part of a transfer may take, in milliseconds, each at least 1.
  package struct Limits: Sendable {
    /// From the end of waiting in the queue to a connection ready for the request: look-up, TCP, proxy and TLS.
    package var connect: Int
    /// From then to the status line of the response (`1xx` does not count).
    package var firstByte: Int
    /// From then (not from the status line) to the first data, as the sink judges them.
    package var firstToken: Int
    /// Between two pieces of data. Stands still while the sink has paused the transfer, but not on HTTP/2.
    package var idle: Int
    /// From the end of waiting in the queue to the end of the response, pauses included; nil for no limit.
    package var total: Int?

    package init(
      connect: Int = 10_000, firstByte: Int = 60_000, firstToken: Int = 60_000, idle: Int = 60_000, total: Int? = nil
    ) {
      self.connect = max(1, connect)
      self.firstByte = max(1, firstByte)
      self.firstToken = max(1, firstToken)
      self.idle = max(1, idle)
      self.total = total.map { max(1, $0) }
    }
  }

  package init(
    url: String, method: Method = .post, headers: [(name: String, value: String)] = [], body: [UInt8] = [],
    limits: Limits = Limits(), tls: UpstreamTLS? = nil, version: Version = .http1
  ) {
    self.url = url
    self.method = method
    self.headers = headers
    self.body = body
    self.limits = limits
    self.tls = tls
    self.version = version
  }

  /// What bounds count as one host: scheme, name and port of `url`, as in `https://api.example.com:443`. Nil for a URL
  /// that would be refused.
  package static func host(of url: String) -> String? {
    guard let parsed = ParsedURL(url), parsed.scheme == "http" || parsed.scheme == "https", !parsed.hasUser,
      let port = parsed.effectivePort
    else { return nil }
    return "\(parsed.scheme)://\(parsed.host):\(port)"
  }
}

// Without these, printing a request would print its headers; some providers even take the key in the query.
extension UpstreamRequest: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  package var description: String {
    let address = url.prefix { $0 != "?" }
    return "\(method) \(address.contains("@") ? "?" : address)"
  }
  package var debugDescription: String { description }
  package var customMirror: Mirror { Mirror(self, children: []) }
}
