/// A proxy for all transfers of a pool. Its URL may hold user and password: nothing here prints them.
package struct UpstreamProxy: Sendable, Equatable {
  /// As libcurl takes it.
  let url: String
  private let address: String

  /// `http://`, `https://` or `socks5h://`, with an optional user and password (percent-encoded), host and optional
  /// port (1080 if absent), as libcurl has it. Throws `proxy` for anything else.
  package init(_ url: String) throws(TransferError) {
    guard let parsed = ParsedURL(url), ["http", "https", "socks5h"].contains(parsed.scheme), parsed.path == "/",
      parsed.query == nil
    else { throw TransferError(.proxy, cause: "not the URL of an http, https or socks5h proxy") }
    self.url = url
    address = "\(parsed.scheme)://\(parsed.host)" + (parsed.port.map { ":\($0)" } ?? "")
  }
}

extension UpstreamProxy: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  /// Scheme, host and port.
  package var description: String { address }
  package var debugDescription: String { description }
  package var customMirror: Mirror { Mirror(self, children: []) }
}
