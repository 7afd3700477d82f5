import Chat
import EventLoop

/// Who reads a turn on this node: those that wait for it, the streams that are open, and when somebody last asked.
struct TurnReaders {
  private struct Waiter {
    let room: any WaitingRoom
    let ticket: Ticket
    /// Chunks the reader has; `Int.max` for one that waits for the end.
    let offset: Int
  }

  var budget = ReaderBudget()
  private var waiters: [Waiter] = []
  /// Streams that are open, whether or not they wait just now.
  private var streams = 0
  /// When a reader last asked, was answered, or was told to come again.
  private var lastAsked: Instant
  /// When the database was last told that there are readers.
  private var lastNoted = Instant(nanoseconds: 0)

  init(now: Instant) { lastAsked = now }

  /// A reader asks, or is answered: it is none but a reader for so many milliseconds as it is told to wait.
  mutating func asked(at now: Instant, pause: Int = 0) { lastAsked = now.advanced(milliseconds: pause) }

  /// To be woken when there are more chunks than `offset`.
  mutating func wait(_ ticket: Ticket, of room: any WaitingRoom, offset: Int) {
    waiters.append(Waiter(room: room, ticket: ticket, offset: offset))
  }

  mutating func forget(_ ticket: Ticket, of room: any WaitingRoom, at now: Instant) {
    lastAsked = now
    guard let index = waiters.firstIndex(where: { $0.ticket == ticket && $0.room === room }) else { return }
    waiters.swapAt(index, waiters.count - 1)
    waiters.removeLast()
  }

  var isAnyoneWaiting: Bool { !waiters.isEmpty }

  /// Gathers those that have fewer than `head` chunks; everybody if `all`.
  mutating func wake(below head: Int, all: Bool, at now: Instant, into wakeups: inout Wakeups) {
    let waiting = waiters.count
    waiters.removeAll { waiter in
      guard all || waiter.offset < head else { return false }
      wakeups.add(waiter.ticket, of: waiter.room)
      return true
    }
    // Who is woken is a reader until it is answered.
    if waiters.count < waiting { lastAsked = now }
  }

  mutating func streamOpened() { streams += 1 }

  mutating func streamEnded(at now: Instant) {
    streams -= 1
    lastAsked = now
  }

  /// Milliseconds since there was a reader; 0 while there is one.
  func idle(at now: Instant) -> Int {
    streams == 0 && waiters.isEmpty ? now.milliseconds(since: lastAsked) : 0
  }

  /// True if the database is to be told now that there is a reader: one that was here within the last `interval`
  /// milliseconds, nor was it told within them.
  mutating func takeNote(at now: Instant, interval: Int) -> Bool {
    guard idle(at: now) < interval, now.milliseconds(since: lastNoted) >= interval else { return false }
    lastNoted = now
    return true
  }
}
