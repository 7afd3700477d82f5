internal import EventLoop
internal import Glibc
internal import Synchronization

/// A listening descriptor that the process was started with. It has one owner, who closes it; its path, if it is a unix
/// socket, belongs to whoever made it.
final class InheritedSocket: Sendable {
  let descriptor: Int32

  /// Two listeners may name the same descriptor, on one front door or on two: the second is refused.
  private static let taken = Mutex<Set<Int32>>([])

  /// Checks that it listens, and makes it non-blocking and private to this process.
  /// Throws `.inherited` if there is no such descriptor or it is no listening stream socket, `.occupied` if it has an
  /// owner, or the `SystemError` of what failed.
  init(_ descriptor: Int32) throws {
    try Self.taken.withLock { taken in
      guard !taken.contains(descriptor) else {
        throw FrontDoorError(
          .occupied,
          "fd:\(descriptor) is taken by another listener of this program; `systemd` without a name takes all")
      }
      try Self.check(descriptor)
      let flags = fcntl(descriptor, F_GETFL)
      guard flags >= 0, fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) == 0, fcntl(descriptor, F_SETFD, FD_CLOEXEC) == 0
      else { throw SystemError("fcntl") }
      taken.insert(descriptor)
    }
    self.descriptor = descriptor
  }

  deinit {
    Self.taken.withLock { taken in
      _ = taken.remove(descriptor)
      close(descriptor)
    }
  }

  private static func check(_ descriptor: Int32) throws {
    guard fcntl(descriptor, F_GETFD) >= 0 else {
      throw FrontDoorError(.inherited, "fd:\(descriptor) is not open: what starts the program must pass it a socket")
    }
    guard option(SO_ACCEPTCONN, of: descriptor) == 1, option(SO_TYPE, of: descriptor) == Int32(SOCK_STREAM.rawValue),
      let family = option(SO_DOMAIN, of: descriptor), [AF_UNIX, AF_INET, AF_INET6].contains(family)
    else {
      throw FrontDoorError(.inherited, "fd:\(descriptor) is no listening stream socket (unix or TCP)")
    }
    guard family != AF_UNIX else { return }
    var on: Int32 = 1
    setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
  }

  /// Nil if it has no such option: it is no socket.
  private static func option(_ option: Int32, of descriptor: Int32) -> Int32? {
    var value: Int32 = 0
    var length = socklen_t(MemoryLayout<Int32>.size)
    return getsockopt(descriptor, SOL_SOCKET, option, &value, &length) == 0 ? value : nil
  }
}
