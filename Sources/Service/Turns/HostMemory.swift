import Chat
import Synchronization

/// To which provider's host the last turn of a virtual model went. So a start can be refused for a host that is full
/// before anything is written, although the route is only known from the database.
final class HostMemory: Sendable {
  private let hosts = Mutex<[String: String]>([:])

  /// Models remembered at once.
  private static let limit = 10_000

  /// `model`: nil for the surface's default. Nil for a model not seen before.
  func host(of model: String?, surface: ID) -> String? {
    hosts.withLock { $0[Self.key(model, surface)] }
  }

  func note(_ host: String?, of model: String?, surface: ID) {
    hosts.withLock { hosts in
      if hosts.count >= Self.limit { hosts.removeAll(keepingCapacity: true) }
      hosts[Self.key(model, surface)] = host
    }
  }

  private static func key(_ model: String?, _ surface: ID) -> String { model.map { "m \($0)" } ?? "s \(surface)" }
}
