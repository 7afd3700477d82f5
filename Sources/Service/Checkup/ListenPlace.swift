import FrontDoor

/// Where and how a listener is reached, as a web server sees it: a `ListenAddress` taken apart.
struct ListenPlace: Hashable {
  enum Dialect: String { case fastcgi, scgi }

  enum Place: Hashable {
    case unix(path: String)
    /// `host` without brackets.
    case tcp(host: String, port: String)
    /// Handed over by who starts the program: only they know where it is.
    case inherited(String)
  }

  let dialect: Dialect
  let place: Place

  init(_ address: ListenAddress) {
    var text = address.description[...]
    dialect = text.hasPrefix("scgi:") ? .scgi : .fastcgi
    if dialect == .scgi { text = text.dropFirst(5) }
    if text.hasPrefix("unix:") {
      place = .unix(path: String(text.dropFirst(5)))
    } else if text.hasPrefix("fd:") || text == "systemd" || text.hasPrefix("systemd:") {
      place = .inherited(String(text))
    } else {
      let (host, port) = Self.split(text)
      place = .tcp(host: host, port: port ?? "")
    }
  }

  /// `host:port` or `[host]:port`; no port if there is none.
  static func split(_ text: some StringProtocol) -> (host: String, port: String?) {
    if text.hasPrefix("["), let end = text.firstIndex(of: "]") {
      let rest = text[text.index(after: end)...]
      return (
        String(text[text.index(after: text.startIndex)..<end]), rest.hasPrefix(":") ? String(rest.dropFirst()) : nil
      )
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
