import Glibc

/// Two connected sockets, closed with the value that owns them.
final class SocketPair: Sendable {
  let near: Int32
  let far: Int32

  init() throws {
    var pair: [Int32] = [-1, -1]
    guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue), 0, &pair) == 0 else {
      throw Stuck()
    }
    near = pair[0]
    far = pair[1]
  }

  deinit {
    close(near)
    close(far)
  }

  /// Makes `near` readable.
  func ring() { _ = write(far, "x", 1) }

  /// Takes what made `near` readable.
  func hush() {
    var byte: UInt8 = 0
    _ = read(near, &byte, 1)
  }
}
