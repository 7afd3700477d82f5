internal import Glibc

/// Where web servers reach us.
package enum ListenAddress: Sendable, Hashable, CustomStringConvertible {
  /// A unix socket; `mode` are its permissions: who may write to it may connect.
  case unix(path: String, mode: UInt16)
  /// `host` is an IPv4 or IPv6 address, never a name; port 0 lets the system choose.
  case tcp(host: String, port: UInt16)

  /// Longest path of a unix socket in bytes (unix(7)).
  static let maxPath = 107

  /// Reads `unix:/path`, `127.0.0.1:9000` or `[::1]:9000`. `mode` is for the first form: by default the owner and its
  /// group may connect. Throws `.address`.
  package init(parsing text: String, mode: UInt16 = 0o660) throws(FrontDoorError) {
    if text.hasPrefix("unix:") {
      let path = String(text.dropFirst(5))
      guard path.hasPrefix("/"), path.utf8.count <= Self.maxPath else {
        throw FrontDoorError(.address, "\(text): the path must begin with / and have at most \(Self.maxPath) bytes")
      }
      self = .unix(path: path, mode: mode)
      return
    }
    guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
      throw FrontDoorError(.address, "\(text): expected unix:/path, 127.0.0.1:port or [::1]:port")
    }
    var host = String(text[..<colon])
    let bracketed = host.hasPrefix("[") && host.hasSuffix("]")
    if bracketed { host = String(host.dropFirst().dropLast()) }
    var address = in6_addr()
    guard inet_pton(bracketed ? AF_INET6 : AF_INET, host, &address) == 1 else {
      throw FrontDoorError(.address, "\(text): \(host) is no IPv4 address and no IPv6 address in brackets")
    }
    self = .tcp(host: host, port: port)
  }

  /// In the form that `init(parsing:)` reads.
  package var description: String {
    switch self {
    case .unix(let path, _): "unix:\(path)"
    case .tcp(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }
  }
}
