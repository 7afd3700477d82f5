import EventLoop
import Glibc

/// One non-blocking connection to a server on this machine: bytes out, bytes in, of whatever protocol.
///
/// *Loop only.* It opens itself with the first bytes to send, and anew after it was closed.
final class Link: ReadinessHandler {
  /// Where the server listens.
  enum Address: Sendable {
    /// On 127.0.0.1.
    case port(UInt16)
    /// By a unix socket.
    case path(String)
  }

  /// Who speaks the protocol.
  protocol Client: AnyObject {
    /// `bytes` are valid during the call only.
    func arrived(_ bytes: UnsafeRawBufferPointer)
    /// The link is closed; `reason` is for people.
    func lost(_ reason: String)
  }

  private let loop: EventLoop
  private let address: Address
  private weak var client: (any Client)?
  /// Takes nothing of what the server sends.
  private let isDeaf: Bool
  private var descriptor: Int32 = -1
  private var watch: Watch?
  private var output: [UInt8] = []
  private var sent = 0
  /// Whether writability is watched as well: while connecting, and while the server takes no more.
  private var watchesWrite = false

  init(loop: EventLoop, to address: Address, client: any Client, isDeaf: Bool = false) {
    self.loop = loop
    self.address = address
    self.client = client
    self.isDeaf = isDeaf
  }

  deinit { if descriptor >= 0 { Glibc.close(descriptor) } }

  /// In place of what was not sent yet.
  func send(_ bytes: [UInt8]) {
    output = bytes
    sent = 0
    if descriptor < 0, let reason = open() { return lose(reason) }
    flush()
  }

  func close() {
    if let watch { loop.unwatch(watch) }
    watch = nil
    if descriptor >= 0 { Glibc.close(descriptor) }
    descriptor = -1
  }

  /// Nil, or why not.
  private func open() -> String? {
    let family =
      switch address {
      case .port: AF_INET
      case .path: AF_UNIX
      }
    descriptor = socket(family, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { return "socket: \(String(cString: strerror(errno)))" }
    let connected =
      switch address {
      case .port(let port): connect(to: port)
      case .path(let path): connect(to: path)
      }
    guard connected == 0 || errno == EINPROGRESS else { return "connect: \(String(cString: strerror(errno)))" }
    do { watch = try loop.watch(descriptor, for: interest(.write), handler: self) } catch { return "\(error)" }
    watchesWrite = true
    return nil
  }

  private func connect(to port: UInt16) -> Int32 {
    var on: Int32 = 1
    setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
    var name = sockaddr_in()
    name.sin_family = sa_family_t(AF_INET)
    name.sin_port = port.bigEndian
    name.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    return withUnsafePointer(to: &name) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
  }

  private func connect(to path: String) -> Int32 {
    var name = sockaddr_un()
    name.sun_family = sa_family_t(AF_UNIX)
    guard path.utf8.count < MemoryLayout.size(ofValue: name.sun_path) else {
      errno = ENAMETOOLONG
      return -1
    }
    withUnsafeMutableBytes(of: &name.sun_path) { $0.copyBytes(from: path.utf8) }
    return withUnsafePointer(to: &name) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
  }

  func ready(_ readiness: Readiness, descriptor: Int32) {
    if isDeaf, readiness.contains(.hangUp) { return lose("closed by the server") }
    if readiness.contains(.write) { flush() }
    if !isDeaf, !readiness.isDisjoint(with: [.read, .hangUp]) { receive() }
  }

  private func flush() {
    guard sent < output.count else { return watchWrite(false) }
    let count = output.withUnsafeBytes {
      Glibc.send(descriptor, $0.baseAddress! + sent, $0.count - sent, Int32(MSG_DONTWAIT | MSG_NOSIGNAL))
    }
    if count < 0 {
      // Not connected yet is no failure.
      if errno == EAGAIN || errno == ENOTCONN { return watchWrite(true) }
      return lose("send: \(String(cString: strerror(errno)))")
    }
    sent += count
    watchWrite(sent < output.count)
  }

  /// With nothing to send, writability would be told again and again.
  private func watchWrite(_ wanted: Bool) {
    guard wanted != watchesWrite, let watch else { return }
    watchesWrite = wanted
    loop.update(watch, for: interest(wanted ? .write : []))
  }

  private func interest(_ more: Readiness) -> Readiness { isDeaf ? more : more.union(.read) }

  private func receive() {
    var reason = "closed by the server"
    let isRead = withUnsafeTemporaryAllocation(byteCount: 64 << 10, alignment: 16) { scratch in
      let count = recv(descriptor, scratch.baseAddress, scratch.count, 0)
      if count > 0 { client?.arrived(UnsafeRawBufferPointer(rebasing: scratch[..<count])) }
      if count < 0, errno != EAGAIN, errno != EINTR { reason = "recv: \(String(cString: strerror(errno)))" }
      return count > 0 || count < 0 && (errno == EAGAIN || errno == EINTR)
    }
    if !isRead { lose(reason) }
  }

  private func lose(_ reason: String) {
    close()
    client?.lost(reason)
  }
}
