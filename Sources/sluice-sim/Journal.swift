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
    var open = 0
    var serial = 0
  }

  private let state = Mutex(State())

  /// How many chat answers are under way, also of exchanges no longer kept.
  var open: Int { state.withLock { $0.open } }

  /// A number no other exchange of this process has.
  func serial() -> Int {
    state.withLock { state in
      state.serial += 1
      return state.serial
    }
  }

  func begin(_ exchange: Exchange) {
    state.withLock { state in
      state.open += 1
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
    state.withLock { $0.open -= 1 }
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
