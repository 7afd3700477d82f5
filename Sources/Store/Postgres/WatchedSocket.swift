import EventLoop
import Glibc

/// A duplicate of libpq's socket under a loop's watch. libpq closes its own descriptor when a connection fails, and its
/// number may then be another's: with a duplicate, the watch ends when we say so. Loop only; `end` before it goes.
final class WatchedSocket {
  private let loop: EventLoop
  private let descriptor: Int32
  private let watch: Watch
  private var interest: Readiness
  private var isEnded = false

  init(
    duplicating socket: Int32, loop: EventLoop, for interest: Readiness, handler: any ReadinessHandler
  ) throws(SystemError) {
    let copy = fcntl(socket, F_DUPFD_CLOEXEC, 0)
    if copy < 0 { throw SystemError("fcntl") }
    do {
      watch = try loop.watch(copy, for: interest, handler: handler)
    } catch {
      close(copy)
      throw error
    }
    self.loop = loop
    self.interest = interest
    descriptor = copy
  }

  deinit { assert(isEnded, "a watched socket was leaked") }

  func update(for interest: Readiness) {
    guard interest != self.interest else { return }
    self.interest = interest
    loop.update(watch, for: interest)
  }

  func end() {
    guard !isEnded else { return }
    isEnded = true
    loop.unwatch(watch)
    close(descriptor)
  }
}
