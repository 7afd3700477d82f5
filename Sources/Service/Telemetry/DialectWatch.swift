import EventLoop
import FrontDoor
import Logging
import Synchronization

/// Tells an operator that nginx speaks FastCGI to an SCGI listener, or the other way round: nothing else than 502 would.
final class DialectWatch: Sendable {
  /// A mistake of the front door's, how often it was made, and what had been told of it.
  private struct Told {
    var count = 0
    var at: Instant?
  }

  private let log: Logger
  private let told = Mutex<[FrontDoor.Gauges.Reason: Told]>([:])

  /// Milliseconds from one warning to the next of the same kind.
  private static let pause = 60_000

  init(log: Logger) { self.log = log }

  /// Called once a second. `labels`: where that front door listens.
  func look(at gauges: FrontDoor.Gauges, of labels: [String], now: Instant = .now()) {
    let isSCGI: (String) -> Bool = { $0.hasPrefix("scgi:") }
    warn(
      .fastCGIOnSCGI, gauges, "a web server speaks FastCGI to an SCGI listener",
      cause: "fastcgi_pass where scgi_pass belongs, or scgi: before an address that is for FastCGI",
      labels.filter(isSCGI), now)
    warn(
      .scgiOnFastCGI, gauges, "a web server speaks SCGI to a FastCGI listener",
      cause: "scgi_pass where fastcgi_pass belongs, or no scgi: before an address that is for SCGI",
      labels.filter { !isSCGI($0) }, now)
  }

  private func warn(
    _ reason: FrontDoor.Gauges.Reason, _ gauges: FrontDoor.Gauges, _ message: Logger.Message, cause: String,
    _ labels: [String], _ now: Instant
  ) {
    let count = gauges.refusals[reason] ?? 0
    let new = told.withLock { told -> Int? in
      let last = told[reason] ?? Told()
      if count == last.count { return nil }
      if let at = last.at, now.milliseconds(since: at) < Self.pause { return nil }
      told[reason] = Told(count: count, at: now)
      return count - last.count
    }
    guard let new else { return }
    log.warning(
      message,
      metadata: [
        "connections": "\(new)", "likely_cause": "\(cause)", "listeners": "\(labels.joined(separator: ", "))",
      ])
  }
}
