import CLinux
import Dispatch
import Glibc
import Synchronization

/// One epoll set on one Dispatch queue: readiness, timers and an inbox, under front door, curl and libpq alike.
///
/// The loop occupies its queue from `start()` to `stop()`. A DispatchSource on the epoll descriptor would leave the
/// thread to others between events, but costs 1.1 to 2.0 times the CPU per event and 3 to 16 times the context switches
/// (measured with curl transfers: 500 and 2,000 streams of 20 chunks a second).
/// Members marked *loop only* may be called only on the loop itself; `submit` and `stop` from anywhere.
// Sendable is unchecked because all mutable state below is confined to the loop's own queue.
package final class EventLoop: @unchecked Sendable {
  package let name: String
  private let epoll: Int32
  private let inbox: Inbox
  private let queue: DispatchQueue
  private let thread = Atomic<UInt>(0)
  private let running = Atomic<Bool>(false)
  private let finished = DispatchGroup()

  private struct Entry {
    var generation: UInt32 = 0
    var descriptor: Int32 = -1
    unowned(unsafe) var handler: (any ReadinessHandler)?
  }
  private var entries: [Entry] = []
  private var freeEntries: [UInt32] = []
  private var timers = TimerHeap()
  private var stopping = false

  /// *Loop only.* The time this turn of the loop began: one clock reading for all events of the turn.
  package private(set) var now = Instant.now()

  private let busy = Atomic<UInt64>(0)

  private static let wakeupData = UInt64.max
  private static let batch = 256

  /// Throws if the kernel refuses an epoll or event descriptor.
  package init(name: String) throws(SystemError) {
    self.name = name
    inbox = try Inbox()
    epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
    if epoll < 0 { throw SystemError("epoll_create1") }
    queue = DispatchQueue(label: "sluice.loop.\(name)", qos: .userInitiated)
    var event = epoll_event(events: EPOLLIN.rawValue, data: epoll_data_t(u64: Self.wakeupData))
    if epoll_ctl(epoll, EPOLL_CTL_ADD, inbox.wakeup, &event) != 0 { throw SystemError("epoll_ctl") }
  }

  deinit { close(epoll) }

  /// Occupies the queue until `stop()`. To be called once.
  package func start() {
    running.store(true, ordering: .relaxed)
    finished.enter()
    queue.async { [self] in
      run()
      finished.leave()
    }
  }

  /// Ends the loop after the jobs submitted so far; what is still watched is no longer served. From any thread.
  package func stop() { submit { [self] in stopping = true } }

  /// Blocks until the loop has ended. Not from a loop.
  package func join() { if running.load(ordering: .relaxed) { finished.wait() } }

  /// Runs `job` on the loop, after those submitted before. From any thread; never blocks, never runs inline.
  package func submit(_ job: @escaping @Sendable () -> Void) { inbox.put(job) }

  /// Runs `job` at once when called on the loop, else submits it.
  package func execute(_ job: @escaping @Sendable () -> Void) {
    if isCurrent { job() } else { submit(job) }
  }

  /// True on the loop's own thread.
  package var isCurrent: Bool { thread.load(ordering: .relaxed) == UInt(pthread_self()) }

  /// Time between wake-up and sleep since the start, in nanoseconds. From any thread.
  package var busyTime: UInt64 { busy.load(ordering: .relaxed) }

  // MARK: readiness (loop only)

  /// *Loop only.* The handler is not retained: `unwatch` before it goes.
  package func watch(
    _ descriptor: Int32, for interest: Readiness, handler: any ReadinessHandler
  ) throws(SystemError) -> Watch {
    let slot: UInt32
    if let reused = freeEntries.popLast() {
      slot = reused
    } else {
      slot = UInt32(entries.count)
      entries.append(Entry())
    }
    entries[Int(slot)].descriptor = descriptor
    entries[Int(slot)].handler = handler
    let watch = Watch(slot: slot, generation: entries[Int(slot)].generation)
    var event = Self.event(watch, interest)
    if epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event) != 0 {
      let error = SystemError("epoll_ctl")
      release(slot)
      throw error
    }
    return watch
  }

  /// *Loop only.* Changes what is watched for.
  package func update(_ watch: Watch, for interest: Readiness) {
    guard let descriptor = descriptor(of: watch) else { return }
    var event = Self.event(watch, interest)
    epoll_ctl(epoll, EPOLL_CTL_MOD, descriptor, &event)
  }

  /// *Loop only.* Call before closing the descriptor. Events already fetched for it are dropped.
  package func unwatch(_ watch: Watch) {
    guard let descriptor = descriptor(of: watch) else { return }
    var ignored = epoll_event()
    epoll_ctl(epoll, EPOLL_CTL_DEL, descriptor, &ignored)
    release(watch.slot)
  }

  private func descriptor(of watch: Watch) -> Int32? {
    let entry = entries[Int(watch.slot)]
    return entry.generation == watch.generation && entry.handler != nil ? entry.descriptor : nil
  }

  private func release(_ slot: UInt32) {
    entries[Int(slot)].generation &+= 1
    entries[Int(slot)].handler = nil
    freeEntries.append(slot)
  }

  private static func event(_ watch: Watch, _ interest: Readiness) -> epoll_event {
    epoll_event(
      events: interest.rawValue,
      data: epoll_data_t(u64: UInt64(watch.generation) << 32 | UInt64(watch.slot)))
  }

  // MARK: timers (loop only)

  /// *Loop only.* The handler is not retained: cancel before it goes.
  package func schedule(at deadline: Instant, handler: any TimerHandler, token: Int = 0) -> TimerID {
    timers.insert(deadline, handler: handler, token: token)
  }

  /// *Loop only.* `milliseconds` from the beginning of this turn of the loop.
  package func schedule(afterMilliseconds milliseconds: Int, handler: any TimerHandler, token: Int = 0) -> TimerID {
    schedule(at: now.advanced(milliseconds: milliseconds), handler: handler, token: token)
  }

  /// *Loop only.* Does nothing if it has fired.
  package func cancel(_ timer: TimerID) { timers.cancel(timer) }

  // MARK: the loop

  private func run() {
    thread.store(UInt(pthread_self()), ordering: .relaxed)
    withUnsafeTemporaryAllocation(of: epoll_event.self, capacity: Self.batch) { events in
      while !stopping { turn(events) }
    }
    thread.store(0, ordering: .relaxed)
  }

  private func turn(_ events: UnsafeMutableBufferPointer<epoll_event>) {
    let count = epoll_wait(epoll, events.baseAddress, Int32(events.count), timeout())
    now = Instant.now()
    let began = now
    if count > 0 {
      for index in 0..<Int(count) { deliver(events[index]) }
    }
    // As many as were pending: a timer that is due again at once waits for the next turn, after the others' events.
    var pending = timers.count
    while pending > 0, let due = timers.pop(due: now) {
      pending -= 1
      due.handler.timerFired(due.token)
    }
    busy.wrappingAdd(Instant.now().nanoseconds - began.nanoseconds, ordering: .relaxed)
  }

  private func deliver(_ event: epoll_event) {
    let data = event.data.u64
    if data == Self.wakeupData {
      for job in inbox.take() { job() }
      return
    }
    let entry = entries[Int(UInt32(truncatingIfNeeded: data))]
    guard entry.generation == UInt32(data >> 32), let handler = entry.handler else { return }
    handler.ready(Readiness(rawValue: event.events), descriptor: entry.descriptor)
  }

  /// Milliseconds until the first timer, rounded up so that it is due when `epoll_wait` returns.
  private func timeout() -> Int32 {
    guard let earliest = timers.earliest else { return -1 }
    let current = Instant.now()
    if earliest <= current { return 0 }
    let milliseconds = (earliest.nanoseconds - current.nanoseconds + 999_999) / 1_000_000
    return Int32(min(milliseconds, 60_000))
  }
}
