import FrontDoor
import Glibc
import Upstream

/// Whether the process may open as many descriptors as its other bounds allow it to need.
enum DescriptorCheck {
  /// What holds for this process, and for a service started from here; and what it might be raised to.
  struct Allowance {
    let soft: Int
    let hard: Int

    static func current() -> Allowance {
      var limit = rlimit()
      getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
      return Allowance(soft: Int(clamping: limit.rlim_cur), hard: Int(clamping: limit.rlim_max))
    }
  }

  /// Log, key file, name look-ups and the like.
  private static let spare = 64

  static func findings(_ settings: ServiceSettings, _ allowed: Allowance) -> [Finding] {
    // A loop has two; a database connection is watched by a duplicate.
    let fixed =
      2 * settings.loops + 2 * (settings.databaseConnections + 2) + settings.listeners.count
      + settings.operatorListeners.count + spare
    let upstream = max(settings.turnLimit, UpstreamSettings(caBundle: nil).keptConnections)
    let all = fixed + upstream + Limits().maxConnections
    if allowed.soft >= all { return [.ok("descriptors", "\(allowed.soft) may be open, \(all) may be needed")] }
    let mend = "LimitNOFILE=\(all) in the unit, or `ulimit -n \(all)`; or set `turn_limit` lower"
    // A shell often has less than what a service gets: only what nobody can raise is sure to be too little.
    if allowed.hard < fixed + settings.turnLimit {
      return [
        .fail(
          "descriptors", "at most \(allowed.hard) can be open: too few for \(settings.turnLimit) turns (turn_limit)",
          mend: mend)
      ]
    }
    return [
      .warn(
        "descriptors",
        "\(allowed.soft) may be open: \(settings.turnLimit) turns (turn_limit) and \(Limits().maxConnections) "
          + "connections of nginx may need \(all)", mend: mend)
    ]
  }
}
