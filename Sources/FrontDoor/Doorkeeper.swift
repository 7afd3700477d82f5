internal import CFastCGI
internal import EventLoop
internal import Glibc

/// The front door's part on one loop: accepts connections, keeps them, and lends them scratch memory and codecs.
// Sendable is unchecked because all mutable state is confined to the loop.
final class Doorkeeper: ReadinessHandler, TimerHandler, @unchecked Sendable {
  let loop: EventLoop
  private(set) var limits: Limits
  let handler: any RequestHandler
  let codecs: Framing.Codecs
  /// What a connection receives into. Its content is meaningless between two calls.
  let scratch = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: 64 * 1024)
  /// Connections close after their next answer.
  private(set) var draining = false

  /// Of how many equal shares of `Limits.maxConnections` this loop has one.
  private let shares: Int
  private var sockets: [ListeningSocket]
  /// Empty while accepting pauses, and for good once it has stopped.
  private var watches: [Watch] = []
  private var pause: TimerID?
  private var connections: [Connection?] = []
  /// Memory for the pieces of streamed replies.
  private var piece: [UInt8] = []
  private var vacant: [Int] = []

  let tallies = Tallies()

  /// Bytes of it kept between two pieces.
  private static let keptPiece = 64 * 1024
  /// Milliseconds without accepting when descriptors or connections have run out.
  private static let pauseLength = 100
  /// Connections accepted in one go, so that those already there are not kept waiting.
  private static let acceptBatch = 64

  /// `shares`: how many loops share the listeners. Throws `.codec`.
  init(
    loop: EventLoop, sockets: [ListeningSocket], shares: Int, limits: Limits, handler: any RequestHandler
  ) throws(FrontDoorError) {
    self.loop = loop
    self.sockets = sockets
    self.shares = shares
    self.limits = limits
    self.handler = handler
    codecs = Framing.Codecs(fastCGI: try FastCGI(), scgi: SCGI())
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

  func replace(_ limits: Limits) { self.limits = limits }

  func remove(_ place: Int) {
    connections[place] = nil
    vacant.append(place)
    tallies.connections.add(-1)
  }

  /// An empty array with room, to gather a piece in. It is to be given back.
  func lendPiece() -> [UInt8] {
    var lent: [UInt8] = []
    swap(&lent, &piece)
    return lent
  }

  func takeBack(_ lent: inout [UInt8]) {
    guard lent.capacity <= Self.keptPiece else { return }
    lent.removeAll(keepingCapacity: true)
    swap(&lent, &piece)
  }

  func ready(_ readiness: Readiness, descriptor: Int32) {
    guard let socket = sockets.first(where: { $0.descriptor == descriptor }) else { return }
    for _ in 0..<Self.acceptBatch {
      guard tallies.connections.value < max(1, limits.maxConnections / shares) else { return pauseAccepting() }
      let accepted = fastcgi_accept(descriptor)
      if accepted >= 0 {
        admit(accepted, speaking: socket.address.dialect)
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

  private func admit(_ descriptor: Int32, speaking dialect: Dialect) {
    let place = vacant.popLast() ?? connections.count
    if place == connections.count { connections.append(nil) }
    let connection = Connection(descriptor, speaking: dialect, keeper: self, place: place)
    connections[place] = connection
    tallies.connections.add(1)
    tallies.accepted.add(1)
    connection.start()
  }

  /// Level-triggered readiness would spin: so not even looking for a while.
  private func pauseAccepting() {
    unwatch()
    tallies.pauses.add(1)
    pause = loop.schedule(afterMilliseconds: Self.pauseLength, handler: self)
  }

  private func unwatch() {
    for watch in watches { loop.unwatch(watch) }
    watches = []
  }
}
