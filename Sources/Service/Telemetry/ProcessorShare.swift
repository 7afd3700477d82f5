import CLinux
import EventLoop
import Glibc

/// How much of the processors that it may use this process takes, from look to look.
struct ProcessorShare {
  private var last: (time: UInt64, at: Instant)?

  /// 0 to 1, since the former look; 0 the first time.
  mutating func look(at now: Instant = .now()) -> Double {
    let time = Self.time
    defer { last = (time, now) }
    guard let last, now > last.at, time > last.time else { return 0 }
    let elapsed = Double(now.nanoseconds - last.at.nanoseconds) * Double(Self.count)
    return min(1, Double(time - last.time) / elapsed)
  }

  /// Nanoseconds, user and system, of all threads (getrusage(2)).
  private static var time: UInt64 {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    return nanoseconds(usage.ru_utime) + nanoseconds(usage.ru_stime)
  }

  private static func nanoseconds(_ time: timeval) -> UInt64 {
    UInt64(max(0, time.tv_sec)) * 1_000_000_000 + UInt64(max(0, time.tv_usec)) * 1_000
  }

  /// Those that the process may run on (sched_getaffinity(2)); at least one.
  static var count: Int {
    // Room for 8,192 of them.
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 1_024) { mask in
      let bytes = linux_affinity(UInt(mask.count), mask.baseAddress)
      return max(1, mask.prefix(max(0, Int(bytes))).reduce(0) { $0 + $1.nonzeroBitCount })
    }
  }
}
