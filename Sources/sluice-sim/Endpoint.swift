import ArgumentParser

/// An address to listen on: `host:port`, an IPv6 host in brackets.
struct Endpoint: Equatable, Sendable {
  /// Without brackets.
  let host: String
  /// 0 lets the kernel choose.
  let port: Int

  /// The URL under which a server on this host is reached, at `port`.
  func url(port: Int, scheme: String = "http") -> String { scheme + "://" + bracketed + ":\(port)" }

  private var bracketed: String { host.contains(":") ? "[\(host)]" : host }
}

extension Endpoint: ExpressibleByArgument, CustomStringConvertible {
  init?(argument: String) {
    guard let colon = argument.lastIndex(of: ":"), let port = UInt16(argument[argument.index(after: colon)...])
    else { return nil }
    var host = argument[..<colon]
    if host.hasPrefix("[") && host.hasSuffix("]") { host = host.dropFirst().dropLast() }
    guard !host.isEmpty else { return nil }
    self.init(host: String(host), port: Int(port))
  }

  var description: String { "\(bracketed):\(port)" }
}
