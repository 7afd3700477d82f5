import Synchronization

/// The loops of a process. Each carries its share of front door, curl transfers and libpq connections.
package final class LoopPool: Sendable {
  package let loops: [EventLoop]
  private let next = Atomic<Int>(0)

  /// `count` loops, at least one. Throws if the kernel refuses a descriptor.
  package init(count: Int) throws(SystemError) {
    var loops: [EventLoop] = []
    for index in 0..<max(1, count) { loops.append(try EventLoop(name: String(index))) }
    self.loops = loops
  }

  package func start() { for loop in loops { loop.start() } }

  /// Stops all loops and waits for them. Not from a loop.
  package func stop() {
    for loop in loops { loop.stop() }
    for loop in loops { loop.join() }
  }

  /// The loops in turn.
  package func pick() -> EventLoop {
    loops[next.wrappingAdd(1, ordering: .relaxed).oldValue % loops.count]
  }
}
