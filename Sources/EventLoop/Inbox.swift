import CLinux
import Glibc
import Synchronization

/// What other threads hand to a loop: a locked list and one eventfd that is written only when the list was empty.
struct Inbox: ~Copyable {
  typealias Job = @Sendable () -> Void

  let wakeup: Int32
  private let jobs = Mutex<[Job]>([])

  init() throws(SystemError) {
    wakeup = eventfd(0, Int32(EFD_NONBLOCK | EFD_CLOEXEC))
    if wakeup < 0 { throw SystemError("eventfd") }
  }

  deinit { close(wakeup) }

  func put(_ job: @escaping Job) {
    let first = jobs.withLock { jobs in
      jobs.append(job)
      return jobs.count == 1
    }
    if first { eventfd_write(wakeup, 1) }
  }

  /// All jobs put so far, in their order. The eventfd is cleared first, so a job put meanwhile writes it again.
  func take() -> [Job] {
    var value: eventfd_t = 0
    eventfd_read(wakeup, &value)
    return jobs.withLock { jobs in
      let taken = jobs
      jobs = []
      return taken
    }
  }
}
