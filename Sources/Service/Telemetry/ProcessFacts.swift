import FoundationEssentials
import Glibc

/// What the kernel knows about this process (proc(5), getrusage(2)). What cannot be read is nil.
struct ProcessFacts: Sendable {
  /// Resident memory, in bytes.
  let residentMemory: Int?
  let openDescriptors: Int?
  /// The soft limit of open descriptors.
  let descriptorLimit: Int?
  /// User and system time of all threads, in seconds.
  let processorTime: Double
  /// Seconds since 1970.
  let started: Double?

  static func now() -> ProcessFacts {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    var limit = rlimit()
    let limited = getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0
    return ProcessFacts(
      residentMemory: fields(of: "/proc/self/statm").dropFirst().first.flatMap { Int($0) }.map {
        $0 * Int(getpagesize())
      },
      openDescriptors: openDescriptorCount(),
      descriptorLimit: limited ? Int(clamping: limit.rlim_cur) : nil,
      processorTime: seconds(usage.ru_utime) + seconds(usage.ru_stime), started: start)
  }

  private static func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }

  /// Without the one that the look itself needs.
  private static func openDescriptorCount() -> Int? {
    guard let folder = opendir("/proc/self/fd") else { return nil }
    defer { closedir(folder) }
    var count = 0
    while let entry = readdir(folder) { if entry.pointee.d_name.0 != 0x2E { count += 1 } }
    return count - 1
  }

  /// Ticks after boot (field 22 of stat), and when the machine booted: by two clocks, since a service manager may show a
  /// process nothing of /proc but processes (ProcSubset=pid of systemd), and so no btime in /proc/stat.
  private static let start: Double? = {
    // The second field is the program's name in parentheses and may hold blanks.
    guard let stat = text(of: "/proc/self/stat"), let end = stat.lastIndex(of: ")"),
      let ticks = stat[end...].split(separator: " ").dropFirst(20).first.flatMap({ Double($0) }),
      let now = seconds(CLOCK_REALTIME), let sinceBoot = seconds(CLOCK_BOOTTIME)
    else { return nil }
    return now - sinceBoot + ticks / Double(sysconf(Int32(_SC_CLK_TCK)))
  }()

  private static func seconds(_ clock: clockid_t) -> Double? {
    var time = timespec()
    guard clock_gettime(clock, &time) == 0 else { return nil }
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }

  private static func fields(of path: String) -> [Substring] { (text(of: path) ?? "").split(separator: " ") }

  private static func text(of path: String) -> String? { try? String(contentsOfFile: path, encoding: .utf8) }
}
