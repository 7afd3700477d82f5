/// What a web server speaks to a listener.
package enum Dialect: Sendable, Hashable {
  /// FastCGI specification 1.0, as nginx's `fastcgi_pass` speaks it.
  case fastCGI
  /// https://python.ca/scgi/protocol.txt, as nginx's `scgi_pass` speaks it: one request a connection.
  case scgi
}
