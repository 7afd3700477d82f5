import NIOCore
import Synchronization

/// The last exchanges, oldest first, for tests to look at.
final class Journal: Sendable {
  /// How many exchanges are kept.
  static let capacity = 1000
  /// How many bytes of request bodies are kept; above it the oldest exchanges go, though never the newest.
  static let bodyCapacity = 256 << 20

  private struct State {
    var exchanges: [Exchange] = []
    var bodyBytes = 0
    var serial = 0
    var connections = 0
    var streams = Streams()
  }

  private let state = Mutex(State())

  /// How many chat answers are and were under way at once, also of exchanges no longer kept.
  /// - Parameter model: only those with exactly this model; nil is all.
  func streams(model: String?) -> Streams.Count { state.withLock { $0.streams.count(model: model) } }

  /// Forgets how many answers were under way; those that are count on.
  func clearStreams() { state.withLock { $0.streams.clear() } }

  /// A number no other exchange of this process has.
  func serial() -> Int {
    state.withLock { state in
      state.serial += 1
      return state.serial
    }
  }

  /// A number no other connection to this process has.
  func connection() -> Int {
    state.withLock { state in
      state.connections += 1
      return state.connections
    }
  }

  func begin(_ exchange: Exchange) {
    state.withLock { state in
      state.streams.begin(exchange.arrival.model)
      state.exchanges.append(exchange)
      state.bodyBytes += exchange.arrival.body.readableBytes
      while state.exchanges.count > Self.capacity
        || (state.bodyBytes > Self.bodyCapacity && state.exchanges.count > 1)
      {
        state.bodyBytes -= state.exchanges.removeFirst().arrival.body.readableBytes
      }
    }
  }

  /// Notes how `exchange` ended; only the first call for it counts.
  func end(_ exchange: Exchange, _ end: Exchange.End) {
    guard exchange.end(end) else { return }
    state.withLock { $0.streams.end(exchange.arrival.model) }
  }

  /// Notes that a client followed the redirect of the exchange with this id. Returns false if none is kept.
  func follow(id: String) -> Bool {
    guard let exchange = state.withLock({ $0.exchanges.last { $0.arrival.id == id } }) else { return false }
    exchange.follow()
    return true
  }

  /// Forgets all exchanges; answers under way go on.
  func clear() {
    state.withLock { state in
      state.exchanges = []
      state.bodyBytes = 0
    }
  }

  /// The kept exchanges as a JSON array.
  /// - Parameter model: only those with exactly this model; nil is all.
  func json(model: String?) -> String {
    let exchanges = state.withLock { $0.exchanges }
    let chosen = exchanges.filter { model == nil || $0.arrival.model == model }
    return "[" + chosen.map(\.json).joined(separator: ",") + "]\n"
  }
}
