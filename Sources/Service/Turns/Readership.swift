import Chat
import EventLoop
import Store

/// Who is still read: tells the owners of other nodes' turns that they have readers here, and cancels own turns that
/// nobody has read for their limit (`abandon_after_ms`) on any node.
final class Readership: Sendable {
  /// Milliseconds: a reader is one that asked so recently, and its turn's owner hears of it so often.
  private static let interval = 5_000
  /// Milliseconds between two calls of `tick`, and for a statement to get through.
  private static let lateness = 2_000

  private let noting: Errand
  private let abandoning: Errand

  init(node: Node, registry: Registry, tail: TailReader, store: TurnStore, failures: DatabaseLog, meters: Meters) {
    noting = Errand { done in
      let now = Instant.now()
      let read = tail.watched { $0.takeNote(at: now, interval: Self.interval) }
      if read.isEmpty { return done() }
      store.noteReaders(of: read.map(\.facts.id)) { result in
        if case .failure(let error) = result { failures.failed("readers not noted", error) }
        done()
      }
    }
    abandoning = Errand { done in
      let now = Instant.now()
      let unread = registry.owned.filter { turn in
        // A reader that went to another node is heard of when that node has told.
        turn.isStreaming && turn.facts.abandonAfter.map { turn.idle(at: now) >= $0 + Self.lateness } ?? false
      }
      if unread.isEmpty { return done() }
      let slack = Self.interval + Self.lateness
      store.abandon(unread.map(\.facts.id), of: node.incarnation, slack: slack) { result in
        defer { done() }
        switch result {
        case .success(let abandoned):
          for id in abandoned {
            meters.hit(.turnUnread)
            registry.find(id)?.input { $0.cancel() }
          }
        case .failure(let error): failures.failed("unread turns not looked for", error)
        }
      }
    }
  }

  /// Called once a second.
  func tick() {
    noting.run()
    abandoning.run()
  }
}
