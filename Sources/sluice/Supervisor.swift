import Dispatch
import EventLoop
import FoundationEssentials
import Glibc
import Service
import Synchronization

/// The service manager that started this program, if it wants to hear of it (sd_notify(3), sd_watchdog_enabled(3)).
///
/// It is told when requests are served, when a reload begins and ends, and when a drain begins; every few seconds how
/// many turns live, and that the loops answer. When one hangs it hears nothing, and starts the program anew.
final class Supervisor: Sendable {
  private let socket: NotifySocket
  private let interval: Int
  private let hasWatchdog: Bool
  private let service: Service
  private let heartbeat: Heartbeat
  private let isDraining = Atomic<Bool>(false)
  private let isSilent = Atomic<Bool>(false)
  /// Not a loop: one that hangs must not keep the others from being asked.
  private let queue = DispatchQueue(label: "sluice.supervisor")

  /// Without a watchdog, milliseconds from one status to the next.
  private static let pace = 5_000
  /// While it drains: how much longer it may take from now on, in microseconds; said anew at each beat.
  private static let extensionFactor = 4

  /// Nil if nobody listens. Says nothing before `ready`.
  init?(
    of service: Service, environment: [String: String] = ProcessInfo.processInfo.environment
  ) {
    guard let path = environment["NOTIFY_SOCKET"], let socket = NotifySocket(path: path) else { return nil }
    self.socket = socket
    self.service = service
    heartbeat = Heartbeat(loops: service.loops)
    let watchdog = Self.watchdog(environment)
    hasWatchdog = watchdog != nil
    interval = min(watchdog.map { max(1, $0 / 2_000) } ?? .max, Self.pace)
  }

  /// The time within which it wants to hear, in microseconds; nil if it does not, or means another process.
  private static func watchdog(_ environment: [String: String]) -> Int? {
    guard let time = environment["WATCHDOG_USEC"].flatMap({ Int($0) }), time > 0 else { return nil }
    if let process = environment["WATCHDOG_PID"], Int32(process) != getpid() { return nil }
    return time
  }

  /// Requests are served from now on.
  func ready() {
    socket.send(["READY=1", status])
    queue.async { [self] in beat() }
  }

  /// The configuration is read anew within `body`.
  func reload(_ body: () -> Void) {
    // Its clock is CLOCK_MONOTONIC, as ours.
    socket.send(["RELOADING=1", "MONOTONIC_USEC=\(Instant.now().nanoseconds / 1_000)"])
    body()
    socket.send(["READY=1", status])
  }

  /// A drain begins. It may take longer than the manager would wait by itself.
  func stopping() {
    isDraining.store(true, ordering: .relaxed)
    socket.send(["STOPPING=1", status, lease])
  }

  /// No more beats: the loops are about to end.
  func silence() { isSilent.store(true, ordering: .relaxed) }

  private func beat() {
    if isSilent.load(ordering: .relaxed) { return }
    queue.asyncAfter(deadline: .now() + .milliseconds(interval)) { [self] in beat() }
    heartbeat.ask { [self] in
      var lines = [status]
      if hasWatchdog { lines.append("WATCHDOG=1") }
      if isDraining.load(ordering: .relaxed) { lines.append(lease) }
      socket.send(lines)
    }
  }

  private var status: String {
    let turns = service.liveTurns
    let count = turns == 1 ? "1 live turn" : "\(turns) live turns"
    return "STATUS=\(isDraining.load(ordering: .relaxed) ? "draining, \(count)" : count)"
  }

  private var lease: String { "EXTEND_TIMEOUT_USEC=\(interval * 1_000 * Self.extensionFactor)" }
}
