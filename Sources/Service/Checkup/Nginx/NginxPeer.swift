import FrontDoor

/// A listener as nginx comes to it.
extension ListenAddress {
  /// What the directives of nginx's module for it begin with.
  var module: String { dialect == .scgi ? "scgi" : "fastcgi" }

  /// The file of nginx/ with its locations.
  var snippet: String { dialect == .scgi ? "sluice-scgi.conf" : "sluice.conf" }

  /// Whether a peer of nginx's is this listener. A host's name may be this machine's unless it listens on loopback; what
  /// is inherited may be anywhere, and goes by the upstream's name.
  func isReached(by peer: String, of upstream: String?) -> Bool {
    switch place {
    case .unix(let path, _): return peer == "unix:\(path)" || peer == "unix:\(path):"
    case .descriptor, .systemd: return upstream?.hasPrefix("sluice") ?? false
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
