import Glibc

/// Where a service manager listens for news of this program (sd_notify(3), NOTIFY_SOCKET).
final class NotifySocket: Sendable {
  private let descriptor: Int32
  /// The bytes of sockaddr_un that count.
  private let address: [UInt8]

  /// `path`: absolute, or `@` and a name in the abstract namespace. Nil for what is neither, or too long.
  init?(path: String) {
    guard path.hasPrefix("/") || path.hasPrefix("@"), path.utf8.count > 1 else { return nil }
    var name = Array(path.utf8)
    var socketAddress = sockaddr_un()
    guard name.count < MemoryLayout.size(ofValue: socketAddress.sun_path) else { return nil }
    if name[0] == UInt8(ascii: "@") { name[0] = 0 }
    socketAddress.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &socketAddress.sun_path) { $0.copyBytes(from: name) }
    let length = MemoryLayout<sockaddr_un>.offset(of: \.sun_path)! + name.count
    address = withUnsafeBytes(of: &socketAddress) { Array($0.prefix(length)) }
    descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    if descriptor < 0 { return nil }
  }

  deinit { close(descriptor) }

  /// `NAME=value` lines as one datagram. Never waits; a manager that is gone or full is not told.
  func send(_ lines: [String]) {
    let text = Array(lines.joined(separator: "\n").utf8)
    let flags = Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL)
    address.withUnsafeBytes { address in
      guard let start = address.baseAddress?.assumingMemoryBound(to: sockaddr.self) else { return }
      _ = sendto(descriptor, text, text.count, flags, start, socklen_t(address.count))
    }
  }
}
