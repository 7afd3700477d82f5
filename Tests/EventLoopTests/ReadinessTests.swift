import EventLoop
import Glibc
import Synchronization
import Testing

@Suite struct ReadinessTests {
  /// Watches `near` of `pair` and signals each event; the handler hushes the socket.
  private func watch(
    _ pair: SocketPair, for interest: Readiness, on loop: EventLoop, handler: Handler
  ) throws -> Watch {
    try loop.run { try loop.watch(pair.near, for: interest, handler: handler) }
  }

  @Test func tellsWhenADescriptorBecomesReadable() throws {
    try withLoop { loop in
      let pair = try SocketPair()
      let signal = Signal()
      let seen = Record<(Readiness, Int32, Bool)>()
      let handler = Handler(onReady: { readiness, descriptor in
        pair.hush()
        seen.add((readiness, descriptor, loop.isCurrent))
        signal.send()
      })
      let watch = try watch(pair, for: .read, on: loop, handler: handler)
      for round in 1...3 {
        pair.ring()
        try signal.wait()
        #expect(seen.count == round)
      }
      #expect(seen.all.allSatisfy { $0.0 == .read && $0.1 == pair.near && $0.2 })
      try loop.run { loop.unwatch(watch) }
    }
  }

  @Test func isLevelTriggered() throws {
    try withLoop { loop in
      let pair = try SocketPair()
      let signal = Signal()
      let seen = Record<Int>()
      let handler = Handler(onReady: { _, _ in
        seen.add(1)
        if seen.count == 3 {
          pair.hush()
          signal.send()
        }
      })
      let watch = try watch(pair, for: .read, on: loop, handler: handler)
      pair.ring()
      try signal.wait()
      try loop.settle()
      #expect(seen.count == 3)
      try loop.run { loop.unwatch(watch) }
    }
  }

  @Test func updateChangesTheInterest() throws {
    try withLoop { loop in
      let pair = try SocketPair()
      let signal = Signal()
      let seen = Record<Readiness>()
      let handler = Handler()
      let watch = try watch(pair, for: [], on: loop, handler: handler)
      try loop.run {
        handler.onReady = { readiness, _ in
          seen.add(readiness)
          loop.update(watch, for: [])
          signal.send()
        }
      }
      pair.ring()
      try loop.settle()
      #expect(seen.all.isEmpty)
      for interest in [Readiness.write, .read, [.read, .write]] {
        try loop.run { loop.update(watch, for: interest) }
        try signal.wait()
        #expect(seen.all.last == interest)
      }
      try loop.settle()
      #expect(seen.count == 3)
      try loop.run { loop.unwatch(watch) }
    }
  }

  @Test func reportsAHangUpUnasked() throws {
    try withLoop { loop in
      var ends: [Int32] = [-1, -1]
      #expect(pipe(&ends) == 0)
      let (reading, writing) = (ends[0], ends[1])
      defer { close(reading) }
      let signal = Signal()
      let seen = Record<Readiness>()
      let watch = Box(Mutex<Watch?>(nil))
      let handler = Handler(onReady: { readiness, _ in
        seen.add(readiness)
        if let watch = watch.content.withLock({ $0 }) { loop.unwatch(watch) }
        signal.send()
      })
      try loop.run {
        let new = try loop.watch(reading, for: [], handler: handler)
        watch.content.withLock { $0 = new }
      }
      close(writing)
      try signal.wait()
      #expect(seen.all.first.map { !$0.isDisjoint(with: .hangUp) } == true)
      try loop.settle()
      #expect(seen.count == 1)
      withExtendedLifetime(handler) {}
    }
  }

  @Test func reportsAHalfClosedPeerIfAsked() throws {
    try withLoop { loop in
      let pair = try SocketPair()
      let signal = Signal()
      let seen = Record<Readiness>()
      let handler = Handler()
      let watch = try watch(pair, for: .peerClosed, on: loop, handler: handler)
      try loop.run {
        handler.onReady = { readiness, _ in
          seen.add(readiness)
          loop.unwatch(watch)
          signal.send()
        }
      }
      shutdown(pair.far, Int32(SHUT_WR))
      try signal.wait()
      #expect(seen.all == [.peerClosed])
    }
  }

  @Test func anEndedWatchHearsNothingAndEndsOnlyOnce() throws {
    try withLoop { loop in
      let (first, second) = (try SocketPair(), try SocketPair())
      let (old, new) = (Record<Int>(), Record<Int>())
      let signal = Signal()
      let silent = Handler(onReady: { _, _ in old.add(1) })
      let ended = try watch(first, for: .read, on: loop, handler: silent)
      try loop.run { loop.unwatch(ended) }
      let alert = Handler(onReady: { _, _ in
        second.hush()
        new.add(1)
        signal.send()
      })
      // It takes the slot of the ended one, whose `Watch` must not reach it.
      let present = try watch(second, for: .read, on: loop, handler: alert)
      try loop.run {
        loop.update(ended, for: [])
        loop.unwatch(ended)
        loop.unwatch(ended)
      }
      first.ring()
      second.ring()
      try signal.wait()
      try loop.settle()
      #expect(old.all.isEmpty)
      #expect(new.count == 1)
      try loop.run { loop.unwatch(present) }
      withExtendedLifetime(silent) {}
    }
  }

  /// The kernel forgets it too: else a ready descriptor nobody watches would keep the loop awake.
  @Test func whatWasUnwatchedMayBeWatchedAnew() throws {
    try withLoop { loop in
      let pair = try SocketPair()
      let signal = Signal()
      let heard = Record<String>()
      let first = Handler(onReady: { _, _ in heard.add("first") })
      let second = Handler(onReady: { _, _ in
        pair.hush()
        heard.add("second")
        signal.send()
      })
      let present = try loop.run {
        let ended = try loop.watch(pair.near, for: .read, handler: first)
        loop.unwatch(ended)
        return try loop.watch(pair.near, for: .read, handler: second)
      }
      pair.ring()
      try signal.wait()
      #expect(heard.all == ["second"])
      try loop.run { loop.unwatch(present) }
      withExtendedLifetime(first) {}
    }
  }

  @Test func refusesWhatCannotBeWatchedAndKeepsItsSlots() throws {
    try withLoop { loop in
      let pair = try SocketPair()
      let signal = Signal()
      let handler = Handler(onReady: { _, _ in
        pair.hush()
        signal.send()
      })
      #expect(throws: SystemError("epoll_ctl", code: EBADF)) {
        try loop.run { try loop.watch(-1, for: .read, handler: handler) }
      }
      let watch = try watch(pair, for: .read, on: loop, handler: handler)
      #expect(throws: SystemError("epoll_ctl", code: EEXIST)) {
        try loop.run { try loop.watch(pair.near, for: .read, handler: handler) }
      }
      pair.ring()
      try signal.wait()
      try loop.run { loop.unwatch(watch) }
    }
  }

  @Test func servesMoreDescriptorsThanOneBatch() throws {
    try withLoop { loop in
      let pairs = try (0..<300).map { _ in try SocketPair() }
      let seen = Record<Int32>()
      let signal = Signal()
      let handler = Handler(onReady: { _, descriptor in
        var byte: UInt8 = 0
        _ = read(descriptor, &byte, 1)
        seen.add(descriptor)
        if seen.count == 300 { signal.send() }
      })
      for pair in pairs { pair.ring() }
      let watches = try loop.run { try pairs.map { try loop.watch($0.near, for: .read, handler: handler) } }
      try signal.wait()
      #expect(Set(seen.all) == Set(pairs.map(\.near)))
      try loop.run { for watch in watches { loop.unwatch(watch) } }
    }
  }
}
