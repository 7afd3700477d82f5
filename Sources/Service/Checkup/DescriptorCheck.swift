import FrontDoor
import Glibc
import Upstream

/// Whether the process may open as many descriptors as its other bounds allow it to need.
enum DescriptorCheck {
  /// The hard limit of this process, and of a service started from here, which raises its soft one to it.
  static func allowed() -> Int {
    var limit = rlimit()
    getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    return Int(clamping: limit.rlim_max)
  }

  /// Log, key file, name look-ups and the like.
  private static let spare = 64

  static func findings(_ settings: ServiceSettings, allowed: Int) -> [Finding] {
    // A loop has two; a database connection is watched by a duplicate.
    let fixed =
      2 * settings.loops + 2 * (settings.databaseConnections + 2) + settings.listeners.count
      + settings.operatorListeners.count + spare
    // A turn has one transfer, and those beyond `upstream_limit` wait without a connection. Idle ones are kept as well.
    let transfers = min(settings.turnLimit, settings.upstream.bounds.maxTransfers)
    let connections = settings.limits.maxConnections
    let all = fixed + max(transfers, settings.upstream.keptConnections) + connections
    if allowed >= all { return [.ok("descriptors", "\(allowed) may be open, \(all) may be needed")] }
    let mend =
      "LimitNOFILE=\(all) in the unit, or `ulimit -n \(all)`; "
      + "or set `max_connections`, `turn_limit` or `upstream_limit` lower"
    // Where nginx's connections find none, they wait in the kernel; a request to a provider that finds none fails.
    if allowed < fixed + transfers {
      return [
        .fail(
          "descriptors",
          "at most \(allowed) can be open: too few for \(transfers) requests to providers (turn_limit, upstream_limit)",
          mend: mend)
      ]
    }
    return [
      .warn(
        "descriptors",
        "\(allowed) may be open: \(transfers) requests to providers (turn_limit, upstream_limit) and \(connections) "
          + "connections of nginx (max_connections) may need \(all)", mend: mend)
    ]
  }
}
