internal import CFastCGI
internal import EventLoop
internal import Glibc

/// The front door's part on one loop: accepts connections, keeps them, and lends them scratch memory and codec.
// Sendable is unchecked because all mutable state is confined to the loop.
final class Doorkeeper: ReadinessHandler, TimerHandler, @unchecked Sendable {
  let loop: EventLoop
  let limits: Limits
  let handler: any RequestHandler
  let codec: FastCGI
  /// What a connection receives into. Its content is meaningless between two calls.
  let scratch = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: 64 * 1024)
  /// Connections close after their next answer.
  private(set) var draining = false

  private let capacity: Int
  private var sockets: [ListeningSocket]
  /// Empty while accepting pauses, and for good once it has stopped.
  private var watches: [Watch] = []
  private var pause: TimerID?
  private var connections: [Connection?] = []
  private var vacant: [Int] = []

  // Read by `gauges()` from other threads.
  let open = Tally()
  let parked = Tally()
  let requests = Tally()
  let refused = Tally()
  let pauses = Tally()

  /// Milliseconds without accepting when descriptors or connections have run out.
  private static let pauseLength = 100
  /// Connections accepted in one go, so that those already there are not kept waiting.
  private static let acceptBatch = 64

  /// `capacity`: the greatest number of connections. Throws `.codec`.
  init(
    loop: EventLoop, sockets: [ListeningSocket], capacity: Int, limits: Limits, handler: any RequestHandler
  ) throws(FrontDoorError) {
    self.loop = loop
    self.sockets = sockets
    self.capacity = capacity
    self.limits = limits
    self.handler = handler
    codec = try FastCGI()
  }

  deinit { scratch.deallocate() }

  // MARK: loop only

  func accept() {
    do {
      for socket in sockets where pause == nil {
        watches.append(try loop.watch(socket.descriptor, for: [.read, .exclusive], handler: self))
      }
    } catch {
      pauseAccepting()
    }
  }

  func stopAccepting() {
    draining = true
    unwatch()
    if let pause { loop.cancel(pause) }
    pause = nil
    sockets = []
  }

  /// Ends the connections that wait for a request.
  func closeIdle() { for connection in connections { connection?.closeIfIdle() } }

  /// Ends all connections, whatever they do.
  func closeAll() { for connection in connections { connection?.close() } }

  func remove(_ place: Int) {
    connections[place] = nil
    vacant.append(place)
    open.add(-1)
  }

  func ready(_ readiness: Readiness, descriptor: Int32) {
    for _ in 0..<Self.acceptBatch {
      guard open.value < capacity else { return pauseAccepting() }
      let accepted = fastcgi_accept(descriptor)
      if accepted >= 0 {
        admit(accepted)
        continue
      }
      switch errno {
      case EMFILE, ENFILE, ENOBUFS, ENOMEM: return pauseAccepting()
      case ECONNABORTED, EINTR: continue
      default: return
      }
    }
  }

  func timerFired(_ token: Int) {
    pause = nil
    accept()
  }

  private func admit(_ descriptor: Int32) {
    let place = vacant.popLast() ?? connections.count
    if place == connections.count { connections.append(nil) }
    let connection = Connection(descriptor, keeper: self, place: place)
    connections[place] = connection
    open.add(1)
    connection.start()
  }

  /// Level-triggered readiness would spin: so not even looking for a while.
  private func pauseAccepting() {
    unwatch()
    pauses.add(1)
    pause = loop.schedule(afterMilliseconds: Self.pauseLength, handler: self)
  }

  private func unwatch() {
    for watch in watches { loop.unwatch(watch) }
    watches = []
  }
}
