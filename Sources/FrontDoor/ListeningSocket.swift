internal import EventLoop
internal import Glibc

/// A listening descriptor, shared by the loops that accept from it. Closed with its last owner; the path of a unix
/// socket that we made is removed just before, so a successor that finds the path free may take it.
final class ListeningSocket: Sendable {
  let descriptor: Int32
  /// With the port that the system chose.
  let address: ListenAddress
  /// As it was configured, so that an operator knows it again; with the descriptor that systemd passed for it, or the
  /// port that the system chose.
  let label: String
  /// The descriptor's owner, if we did not make it.
  private let inherited: InheritedSocket?

  private static let backlog: Int32 = 4096

  /// One socket, but for what systemd passed, which may be several.
  /// Throws `.occupied`, `.inherited`, `.group`, or `.system` if the system refuses.
  static func open(
    _ address: ListenAddress, _ activation: SocketActivation
  ) throws(FrontDoorError) -> [ListeningSocket] {
    do {
      switch address.place {
      case .unix(let path, let access): return [try unix(path, access, address)]
      case .tcp(let host, let port): return [try tcp(host, port, address.dialect)]
      case .descriptor(let number): return [try inherited(number, address)]
      case .systemd(let name):
        return try activation.descriptors(named: name).map { try inherited($0, address) }
      }
    } catch let error as SystemError {
      if error.code == EADDRINUSE { throw FrontDoorError(.occupied, "\(address) is taken by another process") }
      throw FrontDoorError(error, at: address.description)
    } catch let error as FrontDoorError {
      throw error
    } catch {
      throw FrontDoorError(.system, "\(error)")
    }
  }

  private init(_ descriptor: Int32, _ address: ListenAddress, label: String? = nil, inherited: InheritedSocket? = nil) {
    self.descriptor = descriptor
    self.address = address
    self.label = label ?? address.description
    self.inherited = inherited
  }

  deinit {
    if inherited != nil { return }
    if case .unix(let path, _) = address.place { unlink(path) }
    close(descriptor)
  }

  /// `configured`: the address that led to it.
  private static func inherited(_ number: Int32, _ configured: ListenAddress) throws -> ListeningSocket {
    let socket = try InheritedSocket(number)
    let place = ListenAddress.Place.descriptor(number)
    return ListeningSocket(
      number, ListenAddress(place, speaking: configured.dialect),
      label: configured.place == place ? nil : "\(configured) (\(place))", inherited: socket)
  }

  // MARK: unix

  private static func unix(_ path: String, _ access: SocketAccess, _ address: ListenAddress) throws -> ListeningSocket {
    guard path.utf8.count <= ListenAddress.Place.maxPath else { throw SystemError("bind", code: ENAMETOOLONG) }
    var name = sockaddr_un()
    name.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &name.sun_path) { $0.copyBytes(from: path.utf8) }
    try removeStale(path, name)
    let descriptor = try socket(AF_UNIX)
    do {
      try access.bind(descriptor, at: path) { withSocketAddress(&name) { bind(descriptor, $0, $1) } }
    } catch {
      close(descriptor)
      throw error
    }
    let socket = ListeningSocket(descriptor, address)
    guard listen(descriptor, backlog) == 0 else { throw SystemError("listen") }
    return socket
  }

  /// Removes the socket that a process left behind when it died: nobody answers there.
  private static func removeStale(_ path: String, _ name: sockaddr_un) throws {
    var status = stat()
    guard lstat(path, &status) == 0 else { return }
    guard status.st_mode & S_IFMT == S_IFSOCK else { throw FrontDoorError(.occupied, "\(path) is no socket") }
    let probe = try socket(AF_UNIX)
    defer { close(probe) }
    var name = name
    guard withSocketAddress(&name, { connect(probe, $0, $1) }) != 0, errno == ECONNREFUSED else {
      throw FrontDoorError(.occupied, "unix:\(path) is taken by another process")
    }
    unlink(path)
  }

  // MARK: TCP

  private static func tcp(_ host: String, _ port: UInt16, _ dialect: Dialect) throws -> ListeningSocket {
    let isIPv6 = host.contains(":")
    let descriptor = try socket(isIPv6 ? AF_INET6 : AF_INET)
    var bound: Int32
    if isIPv6 {
      var name = sockaddr_in6()
      name.sin6_family = sa_family_t(AF_INET6)
      name.sin6_port = port.bigEndian
      inet_pton(AF_INET6, host, &name.sin6_addr)
      set(IPV6_V6ONLY, of: Int32(IPPROTO_IPV6), on: descriptor)
      set(SO_REUSEADDR, of: SOL_SOCKET, on: descriptor)
      bound = withSocketAddress(&name) { bind(descriptor, $0, $1) }
    } else {
      var name = sockaddr_in()
      name.sin_family = sa_family_t(AF_INET)
      name.sin_port = port.bigEndian
      inet_pton(AF_INET, host, &name.sin_addr)
      set(SO_REUSEADDR, of: SOL_SOCKET, on: descriptor)
      bound = withSocketAddress(&name) { bind(descriptor, $0, $1) }
    }
    // Accepted connections inherit it (tcp(7)).
    set(TCP_NODELAY, of: Int32(IPPROTO_TCP), on: descriptor)
    guard bound == 0 else { throw failure("bind", descriptor) }
    guard listen(descriptor, backlog) == 0 else { throw failure("listen", descriptor) }
    return ListeningSocket(
      descriptor, ListenAddress(.tcp(host: host, port: chosenPort(of: descriptor)), speaking: dialect))
  }

  private static func chosenPort(of descriptor: Int32) -> UInt16 {
    // The port stands in the same place for both families.
    var name = sockaddr_in6()
    var length = socklen_t(MemoryLayout<sockaddr_in6>.size)
    _ = withSocketAddress(&name) { address, _ in getsockname(descriptor, address, &length) }
    return UInt16(bigEndian: name.sin6_port)
  }

  private static func set(_ option: Int32, of level: Int32, on descriptor: Int32) {
    var on: Int32 = 1
    setsockopt(descriptor, level, option, &on, socklen_t(MemoryLayout<Int32>.size))
  }

  // MARK: both

  private static func socket(_ family: Int32) throws(SystemError) -> Int32 {
    let kind = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
    let descriptor = Glibc.socket(family, kind, 0)
    guard descriptor >= 0 else { throw SystemError("socket") }
    return descriptor
  }

  /// Closes the descriptor, after the error has been read.
  private static func failure(_ call: String, _ descriptor: Int32) -> SystemError {
    let error = SystemError(call)
    close(descriptor)
    return error
  }

  private static func withSocketAddress<Name, Result>(
    _ name: inout Name, _ body: (UnsafeMutablePointer<sockaddr>, socklen_t) -> Result
  ) -> Result {
    withUnsafeMutableBytes(of: &name) {
      body($0.baseAddress!.assumingMemoryBound(to: sockaddr.self), socklen_t($0.count))
    }
  }
}
