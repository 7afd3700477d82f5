import EventLoop
import Glibc
import Testing

/// Two descriptors are ready in one batch; the handler that is told first ends the other's watch. The event already
/// fetched for the other must reach nobody.
@Suite struct StaleEventTests {
  // Sendable is unchecked because everything is confined to the loop.
  private final class Couple: @unchecked Sendable {
    let pairs: [SocketPair]
    var handlers: [Handler] = []
    var watches: [Watch] = []
    var successor: Watch?

    init() throws { pairs = try [SocketPair(), SocketPair()] }

    /// *Loop only.* Both sockets are readable before the loop polls again, so both events are of one batch.
    func begin(on loop: EventLoop, first: @escaping (_ told: Int, _ other: Int) -> Void) throws {
      for pair in pairs { pair.ring() }
      for told in 0..<2 { handlers.append(Handler(onReady: { _, _ in first(told, 1 - told) })) }
      watches = try (0..<2).map { try loop.watch(pairs[$0].near, for: .read, handler: handlers[$0]) }
    }
  }

  @Test func anUnwatchedDescriptorIsNotReported() throws {
    try withLoop { loop in
      let couple = try Couple()
      let told = Record<Int>()
      try loop.run {
        try couple.begin(on: loop) { index, _ in
          told.add(index)
          for watch in couple.watches { loop.unwatch(watch) }
        }
      }
      try loop.settle()
      #expect(told.count == 1)
      withExtendedLifetime(couple) {}
    }
  }

  @Test func aHandlerMayBeFreedOnceUnwatched() throws {
    try withLoop { loop in
      let couple = try Couple()
      let told = Record<Int>()
      try loop.run {
        try couple.begin(on: loop) { index, other in
          told.add(index)
          for watch in couple.watches { loop.unwatch(watch) }
          couple.handlers = []
        }
      }
      try loop.settle()
      #expect(told.count == 1)
    }
  }

  @Test func theNextOwnerOfTheNumberAndTheSlotIsNotReported() throws {
    try withLoop { loop in
      let couple = try Couple()
      let fresh = try SocketPair()
      let told = Record<Int>()
      let woken = Record<Int32>()
      let signal = Signal()
      let heir = Handler(onReady: { _, descriptor in
        fresh.hush()
        woken.add(descriptor)
        signal.send()
      })
      try loop.run {
        try couple.begin(on: loop) { index, other in
          told.add(index)
          for watch in couple.watches { loop.unwatch(watch) }
          // The same number is now another socket, with nothing to read; its watch takes a slot just freed.
          dup2(fresh.near, couple.pairs[other].near)
          couple.successor = try? loop.watch(couple.pairs[other].near, for: .read, handler: heir)
        }
      }
      try loop.settle()
      #expect(told.count == 1)
      #expect(woken.all.isEmpty)
      fresh.ring()
      try signal.wait()
      #expect(woken.all == [couple.pairs[1 - told.all[0]].near])
      try loop.run { couple.successor.map { loop.unwatch($0) } }
    }
  }

  @Test func aHandlerMayWatchMoreWhileItIsTold() throws {
    try withLoop { loop in
      let couple = try Couple()
      let more = try (0..<64).map { _ in try SocketPair() }
      let woken = Record<Int32>()
      let signal = Signal()
      let heir = Handler(onReady: { _, descriptor in
        var byte: UInt8 = 0
        _ = read(descriptor, &byte, 1)
        woken.add(descriptor)
        if woken.count == more.count { signal.send() }
      })
      for pair in more { pair.ring() }
      try loop.run {
        try couple.begin(on: loop) { index, _ in
          loop.unwatch(couple.watches[index])
          guard index == 0 else { return }
          for pair in more { _ = try? loop.watch(pair.near, for: .read, handler: heir) }
        }
      }
      try signal.wait()
      #expect(Set(woken.all) == Set(more.map(\.near)))
      try loop.settle()
      withExtendedLifetime((couple, heir)) {}
    }
  }
}
