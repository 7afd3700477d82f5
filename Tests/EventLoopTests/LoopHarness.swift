import Dispatch
import EventLoop
import Synchronization

/// Something a test waited for did not happen.
struct Stuck: Error {}

/// What another thread will announce. Tests wait for it instead of sleeping; the limit only bounds a failure.
struct Signal: Sendable {
  private let semaphore = DispatchSemaphore(value: 0)

  func send() { semaphore.signal() }

  func wait() throws(Stuck) {
    if semaphore.wait(timeout: .now() + .seconds(30)) == .timedOut { throw Stuck() }
  }
}

/// A list that a loop fills and a test reads.
final class Record<Element: Sendable>: Sendable {
  private let elements = Mutex<[Element]>([])

  func add(_ element: Element) { elements.withLock { $0.append(element) } }
  var all: [Element] { elements.withLock { $0 } }
  var count: Int { elements.withLock { $0.count } }
}

/// A running loop for the length of `body`.
func withLoop(_ body: (EventLoop) throws -> Void) throws {
  let loop = try EventLoop(name: "test")
  loop.start()
  defer {
    loop.stop()
    loop.join()
  }
  try body(loop)
}

extension EventLoop {
  /// Runs `job` on the loop and waits for what it returns.
  func run<Value: Sendable>(_ job: @escaping @Sendable () throws -> Value) throws -> Value {
    let outcome = Box(Mutex<Result<Value, any Error>?>(nil))
    let signal = Signal()
    submit {
      outcome.content.withLock { $0 = Result { try job() } }
      signal.send()
    }
    try signal.wait()
    guard let result = outcome.content.withLock({ $0 }) else { throw Stuck() }
    return try result.get()
  }

  /// Waits until the loop has finished all turns begun so far and one more: events that were ready are delivered.
  func settle() throws {
    for _ in 0..<3 { try run {} }
  }
}

/// A place on the heap for what cannot be copied.
final class Box<Content: ~Copyable & Sendable>: Sendable {
  let content: Content
  init(_ content: consuming Content) { self.content = content }
}

/// Calls a closure when a descriptor is ready or a timer has fired.
// Sendable is unchecked because closures are called, and replaced, on the loop only.
final class Handler: ReadinessHandler, TimerHandler, @unchecked Sendable {
  var onReady: (Readiness, Int32) -> Void
  var onTimer: (Int) -> Void

  init(onReady: @escaping (Readiness, Int32) -> Void = { _, _ in }, onTimer: @escaping (Int) -> Void = { _ in }) {
    self.onReady = onReady
    self.onTimer = onTimer
  }

  func ready(_ readiness: Readiness, descriptor: Int32) { onReady(readiness, descriptor) }
  func timerFired(_ token: Int) { onTimer(token) }
}
