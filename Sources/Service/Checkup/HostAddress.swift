/// Hosts and ports as people write them for listeners and peers.
enum HostAddress {
  /// `host:port` or `[host]:port`, the host without brackets; no port if there is none.
  static func split(_ text: some StringProtocol) -> (host: String, port: String?) {
    if text.hasPrefix("["), let end = text.firstIndex(of: "]") {
      let host = String(text[text.index(after: text.startIndex)..<end])
      let rest = text[text.index(after: end)...]
      return (host, rest.hasPrefix(":") ? String(rest.dropFirst()) : nil)
    }
    guard let colon = text.lastIndex(of: ":") else { return (String(text), nil) }
    return (String(text[..<colon]), String(text[text.index(after: colon)...]))
  }

  /// 127.0.0.0/8, ::1 and the name for them.
  static func isLoopback(_ host: String) -> Bool {
    host == "localhost" || host == "::1" || host.hasPrefix("127.") && host.allSatisfy { $0.isNumber || $0 == "." }
  }

  /// All addresses of the machine.
  static func isWildcard(_ host: String) -> Bool { host == "0.0.0.0" || host == "::" || host == "*" }
}
