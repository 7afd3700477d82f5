internal import Glibc

/// Where web servers reach us, and what they speak there.
package struct ListenAddress: Sendable, Hashable, CustomStringConvertible {
  package enum Place: Sendable, Hashable {
    /// A unix socket that we make.
    case unix(path: String, access: SocketAccess)
    /// `host` is an IPv4 or IPv6 address, never a name; port 0 lets the system choose.
    case tcp(host: String, port: UInt16)
    /// A listening socket that whoever started the program passed on, as spawn-fcgi does with descriptor 0.
    case descriptor(Int32)
    /// Those that systemd passed on: the ones of that name (FileDescriptorName= of a socket unit), or all.
    case systemd(name: String?)
  }

  package let place: Place
  package let dialect: Dialect

  package init(_ place: Place, speaking dialect: Dialect = .fastCGI) {
    self.place = place
    self.dialect = dialect
  }

  package static func unix(path: String, mode: UInt16, group: String? = nil) -> ListenAddress {
    ListenAddress(.unix(path: path, access: SocketAccess(mode: mode, group: group)))
  }

  package static func tcp(host: String, port: UInt16) -> ListenAddress { ListenAddress(.tcp(host: host, port: port)) }

  /// Reads `unix:/path`, `127.0.0.1:9000`, `[::1]:9000`, `fd:0`, `systemd` or `systemd:name`; `scgi:` before any of them
  /// means SCGI. `mode` and `group` (name or number; nil leaves it as the system sets it) are for the first form: by
  /// default the owner and its group may connect. Throws `.address`.
  package init(parsing text: String, mode: UInt16 = 0o660, group: String? = nil) throws(FrontDoorError) {
    let place = text.hasPrefix("scgi:") ? String(text.dropFirst(5)) : text
    dialect = text.hasPrefix("scgi:") ? .scgi : .fastCGI
    self.place = try Place(parsing: place, access: SocketAccess(mode: mode, group: group))
  }

  /// Whether somebody else made the socket and keeps it open.
  package var isInherited: Bool {
    switch place {
    case .unix, .tcp: false
    case .descriptor, .systemd: true
    }
  }

  /// In the form that `init(parsing:)` reads.
  package var description: String { dialect == .scgi ? "scgi:\(place)" : "\(place)" }
}

extension ListenAddress.Place: CustomStringConvertible {
  /// Longest path of a unix socket in bytes (unix(7)), and longest name of a passed one (sd_listen_fds(3)).
  static let maxPath = 107
  static let maxName = 255

  fileprivate init(parsing text: String, access: SocketAccess) throws(FrontDoorError) {
    if text.hasPrefix("unix:") {
      let path = String(text.dropFirst(5))
      guard path.utf8.first == UInt8(ascii: "/"), path.utf8.count <= Self.maxPath, !path.utf8.contains(0) else {
        throw FrontDoorError(.address, "\(text): the path must begin with / and have at most \(Self.maxPath) bytes")
      }
      self = .unix(path: path, access: access)
    } else if text.hasPrefix("fd:") {
      guard let number = Self.number(text.dropFirst(3)).flatMap({ Int32(exactly: $0) }) else {
        throw FrontDoorError(.address, "\(text): expected the number of a descriptor, as in fd:0")
      }
      self = .descriptor(number)
    } else if text == "systemd" {
      self = .systemd(name: nil)
    } else if text.hasPrefix("systemd:") {
      let name = String(text.dropFirst(8))
      guard !name.isEmpty, name.utf8.count <= Self.maxName, name.utf8.allSatisfy({ (0x21...0x7E).contains($0) }),
        !name.contains(":")
      else {
        throw FrontDoorError(.address, "\(text): expected the FileDescriptorName of a socket unit after systemd:")
      }
      self = .systemd(name: name)
    } else {
      self = try Self.tcp(text)
    }
  }

  private static func tcp(_ text: String) throws(FrontDoorError) -> Self {
    guard let colon = text.lastIndex(of: ":"),
      let port = number(text[text.index(after: colon)...]).flatMap({ UInt16(exactly: $0) })
    else {
      throw FrontDoorError(
        .address, "\(text): expected unix:/path, 127.0.0.1:port, [::1]:port, fd:number or systemd, perhaps after scgi:")
    }
    var host = String(text[..<colon])
    let bracketed = host.hasPrefix("[") && host.hasSuffix("]")
    if bracketed { host = String(host.dropFirst().dropLast()) }
    var address = in6_addr()
    guard inet_pton(bracketed ? AF_INET6 : AF_INET, host, &address) == 1 else {
      throw FrontDoorError(.address, "\(text): \(host) is no IPv4 address and no IPv6 address in brackets")
    }
    return .tcp(host: host, port: port)
  }

  /// Digits only: no sign, as `Int` would take it.
  private static func number(_ text: Substring) -> Int? {
    text.utf8.allSatisfy { (0x30...0x39).contains($0) } ? Int(text) : nil
  }

  package var description: String {
    switch self {
    case .unix(let path, _): "unix:\(path)"
    case .tcp(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    case .descriptor(let number): "fd:\(number)"
    case .systemd(let name): name.map { "systemd:\($0)" } ?? "systemd"
    }
  }
}
