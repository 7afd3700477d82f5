import FrontDoor

/// A listener of ours as nginx comes to it.
struct NginxDoor: CustomStringConvertible {
  enum Role { case chat, operators }

  let address: ListenAddress
  let role: Role

  var description: String { address.description }

  /// What the directives of nginx's module for it begin with.
  var module: String { address.dialect == .scgi ? "scgi" : "fastcgi" }

  /// The file of nginx/ with its locations.
  var snippet: String { address.dialect == .scgi ? "sluice-scgi.conf" : "sluice.conf" }

  /// Whether a peer of nginx's is this listener. A host's name may be this machine's unless it listens on loopback; what
  /// is inherited may be anywhere, and goes by the upstream's name, as nginx/ has it.
  func isReached(by peer: String, of upstream: String?) -> Bool {
    switch address.place {
    case .unix(let path, _): return peer == "unix:\(path)" || peer == "unix:\(path):"
    case .descriptor, .systemd:
      guard let upstream, upstream.hasPrefix("sluice") else { return false }
      return upstream.hasPrefix("sluice_operator") == (role == .operators)
    case .tcp(let host, let port):
      let (theirs, theirPort) = HostAddress.split(peer)
      guard theirPort == String(port) else { return false }
      if theirs == host || HostAddress.isWildcard(host) { return true }
      let isName = theirs.contains { $0.isLetter } && !theirs.contains(":")
      return HostAddress.isLoopback(host)
        ? HostAddress.isLoopback(theirs) : isName && !HostAddress.isLoopback(theirs)
    }
  }
}
