import EventLoop
import FrontDoor
import Glibc

/// One connection as a web server has it: blocking, with a time-out of 20 seconds that means failure.
final class WebServer {
  private let descriptor: Int32
  private let dialect: Dialect
  private var arrived: [UInt8] = []

  init(_ address: ListenAddress) throws {
    dialect = address.dialect
    var name = sockaddr_storage()
    let length = try address.fill(&name)
    descriptor = socket(Int32(name.ss_family), Int32(SOCK_STREAM.rawValue), 0)
    let connected = withUnsafePointer(to: &name) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { Glibc.connect(descriptor, $0, length) }
    }
    guard connected == 0 else { throw SystemError("connect") }
    for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
      var time = timeval(tv_sec: 20, tv_usec: 0)
      setsockopt(descriptor, SOL_SOCKET, option, &time, socklen_t(MemoryLayout<timeval>.size))
    }
  }

  deinit { close(descriptor) }

  /// False if the peer no longer takes it.
  @discardableResult
  func send(_ bytes: [UInt8]) -> Bool {
    var sent = 0
    while sent < bytes.count {
      let count = bytes[sent...].withUnsafeBytes {
        Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      if count <= 0 { return false }
      sent += count
    }
    return true
  }

  /// Closes the sending half.
  func endSending() { shutdown(descriptor, Int32(SHUT_WR)) }

  /// The next reply; nil if the connection ends before it is whole. Reads at most `piece` bytes in one go.
  func receive(id: UInt16 = 1, piece: Int = 65_536) -> Reply? {
    if dialect == .scgi { return receiveToTheEnd(piece) }
    // END_REQUEST is the last record, so no need to look for it after each small piece of a long reply.
    while arrived.count < 16 || arrived[arrived.count - 15] != 3 || Reply(records: arrived, id: id) == nil {
      if !read(piece) { return nil }
    }
    guard let reply = Reply(records: arrived, id: id) else { return nil }
    arrived.removeFirst(reply.length)
    return reply
  }

  /// A reply by SCGI ends where the connection does; nil if nothing came.
  private func receiveToTheEnd(_ piece: Int) -> Reply? {
    while read(piece) {}
    guard !arrived.isEmpty else { return nil }
    defer { arrived = [] }
    return Reply(content: arrived)
  }

  /// True if the peer has closed and nothing more was to be read.
  var isClosed: Bool { arrived.isEmpty && !read(1) }

  private func read(_ count: Int) -> Bool {
    let piece = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      filled = max(0, recv(descriptor, buffer.baseAddress, count, 0))
    }
    arrived += piece
    return !piece.isEmpty
  }
}

extension ListenAddress {
  /// Into a socket address; how long it is.
  func fill(_ name: inout sockaddr_storage) throws -> socklen_t {
    switch place {
    case .descriptor, .systemd: throw SystemError("connect", code: EDESTADDRREQ)
    case .unix(let path, _):
      return withUnsafeMutableBytes(of: &name) {
        $0.storeBytes(of: sa_family_t(AF_UNIX), as: sa_family_t.self)
        $0[2...].copyBytes(from: path.utf8)
        return socklen_t(MemoryLayout<sockaddr_un>.size)
      }
    case .tcp(let host, let port):
      let isIPv6 = host.contains(":")
      return withUnsafeMutableBytes(of: &name) {
        $0.storeBytes(of: sa_family_t(isIPv6 ? AF_INET6 : AF_INET), as: sa_family_t.self)
        $0.storeBytes(of: port.bigEndian, toByteOffset: 2, as: UInt16.self)
        inet_pton(isIPv6 ? AF_INET6 : AF_INET, host, $0.baseAddress! + (isIPv6 ? 8 : 4))
        return socklen_t(isIPv6 ? MemoryLayout<sockaddr_in6>.size : MemoryLayout<sockaddr_in>.size)
      }
    }
  }
}
