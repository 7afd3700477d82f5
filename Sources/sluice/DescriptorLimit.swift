import Glibc

/// How many descriptors the process may have open (getrlimit(2), RLIMIT_NOFILE).
enum DescriptorLimit {
  /// Up to the hard limit: the soft one, often 1,024, protects programs that use select(2), which this one does not.
  static func raise() {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0, limit.rlim_cur < limit.rlim_max else {
      return
    }
    limit.rlim_cur = limit.rlim_max
    _ = setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
  }
}
