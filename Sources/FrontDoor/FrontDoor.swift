package import EventLoop

/// Where web servers come in: listens, speaks FastCGI, hands each request to one handler.
///
/// It must not be let go while its loops run.
package final class FrontDoor: Sendable {
  /// Where it listens, with the ports that the system chose.
  package let addresses: [ListenAddress]
  private let keepers: [Doorkeeper]

  /// Binds and listens; nothing is accepted before `start()`. All loops accept from all listeners.
  ///
  /// Takes SIGPIPE to be ignored, and libfcgi takes those of SIGTERM, SIGHUP and SIGUSR1 that are at their default:
  /// install the program's signal handling before.
  /// Throws `.codec`, `.occupied` or `.system`.
  package init(
    loops: [EventLoop], listeners: [ListenAddress], limits: Limits = Limits(), handler: any RequestHandler
  ) throws(FrontDoorError) {
    var sockets: [ListeningSocket] = []
    for address in listeners { sockets.append(try ListeningSocket.open(address)) }
    var keepers: [Doorkeeper] = []
    for loop in loops {
      keepers.append(
        try Doorkeeper(
          loop: loop, sockets: sockets, capacity: max(1, limits.maxConnections / loops.count), limits: limits,
          handler: handler))
    }
    addresses = sockets.map(\.address)
    self.keepers = keepers
  }

  /// Begins to accept.
  package func start() { onEachLoop { $0.accept() } }

  /// Closes the listeners; from now on each connection is closed after its next answer. For good.
  package func stopAccepting() { onEachLoop { $0.stopAccepting() } }

  /// Closes the connections that wait for a request. For a drain: otherwise a web server may meet the closing with a
  /// POST, which it does not repeat.
  package func closeIdle() { onEachLoop { $0.closeIdle() } }

  /// Closes listeners and connections at once, whatever they do. For good.
  package func close() {
    onEachLoop {
      $0.stopAccepting()
      $0.closeAll()
    }
  }

  private func onEachLoop(_ job: @escaping @Sendable (Doorkeeper) -> Void) {
    for keeper in keepers { keeper.loop.submit { job(keeper) } }
  }

  /// Now, over all loops; each number by itself is right.
  package func gauges() -> Gauges {
    var gauges = Gauges()
    for keeper in keepers {
      gauges.connections += keeper.open.value
      gauges.parked += keeper.parked.value
      gauges.requests += keeper.requests.value
      gauges.refused += keeper.refused.value
      gauges.pauses += keeper.pauses.value
    }
    return gauges
  }

  /// What goes on at the front door.
  package struct Gauges: Sendable, Equatable {
    /// Open connections.
    package var connections = 0
    /// Parked exchanges.
    package var parked = 0
    /// Requests handed to the handler since the start.
    package var requests = 0
    /// Requests that broke a limit or the protocol, since the start.
    package var refused = 0
    /// How often accepting paused because descriptors or connections had run out, since the start.
    package var pauses = 0
  }
}
