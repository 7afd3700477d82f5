import Chat
import EventLoop
import Synchronization

/// To which provider's host the last turn of a virtual model went. So a start can be refused for a host that is full
/// before anything is written, although the route is only known from the database.
///
/// It is a hint: the route may have been changed since. While it refuses, one start a second goes on to find out.
final class HostMemory: Sendable {
  private struct Entry {
    let host: String
    var lastProbe: Instant
  }

  private let hosts = Mutex<[String: Entry]>([:])

  /// Models remembered at once.
  private static let limit = 10_000
  /// Milliseconds from one probe of a model to the next.
  private static let probePause = 1_000

  /// `model`: nil for the surface's default. Nil for a model not seen before.
  func host(of model: String?, surface: ID) -> String? {
    hosts.withLock { $0[Self.key(model, surface)]?.host }
  }

  /// Whether a start that would be refused may find out where the model's turns go now.
  func takeProbe(of model: String?, surface: ID) -> Bool {
    let now = Instant.now()
    return hosts.withLock { hosts in
      let key = Self.key(model, surface)
      guard let entry = hosts[key], now.milliseconds(since: entry.lastProbe) >= Self.probePause else { return false }
      hosts[key]?.lastProbe = now
      return true
    }
  }

  func note(_ host: String?, of model: String?, surface: ID) {
    hosts.withLock { hosts in
      let key = Self.key(model, surface)
      if let entry = hosts[key], entry.host == host { return }
      if hosts.count >= Self.limit { hosts.removeAll(keepingCapacity: true) }
      hosts[key] = host.map { Entry(host: $0, lastProbe: .now()) }
    }
  }

  private static func key(_ model: String?, _ surface: ID) -> String { model.map { "m \($0)" } ?? "s \(surface)" }
}
