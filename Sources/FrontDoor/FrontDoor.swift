package import EventLoop

/// Where web servers come in: listens, speaks FastCGI and SCGI, hands each request to one handler.
///
/// It must not be let go while its loops run.
package final class FrontDoor: Sendable {
  /// Where it listens, with the ports that the system chose; an address for each socket that systemd passed.
  package let addresses: [ListenAddress]
  /// The same for operators: as configured, with what the system or systemd added.
  package let labels: [String]
  private let keepers: [Doorkeeper]

  /// Binds and listens; nothing is accepted before `start()`. All loops accept from all listeners.
  ///
  /// Takes SIGPIPE to be ignored, and libfcgi takes those of SIGTERM, SIGHUP and SIGUSR1 that are at their default:
  /// install the program's signal handling before.
  /// `activation`: what systemd passed, for the listeners that ask for it.
  /// Throws `.codec`, `.occupied`, `.inherited`, `.group` or `.system`.
  package init(
    loops: [EventLoop], listeners: [ListenAddress], limits: Limits = Limits(), handler: any RequestHandler,
    activation: SocketActivation = SocketActivation()
  ) throws(FrontDoorError) {
    var sockets: [ListeningSocket] = []
    for address in listeners { sockets += try ListeningSocket.open(address, activation) }
    var keepers: [Doorkeeper] = []
    for loop in loops {
      keepers.append(
        try Doorkeeper(
          loop: loop, sockets: sockets, shares: loops.count, limits: limits, handler: handler))
    }
    addresses = sockets.map(\.address)
    labels = sockets.map(\.label)
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

  /// From now on these hold, also for a request that is just arriving; deadlines that run are not moved. With fewer
  /// connections than there are, none is closed, but none is accepted until enough have gone. From any thread.
  package func replace(limits: Limits) { onEachLoop { $0.replace(limits) } }

  private func onEachLoop(_ job: @escaping @Sendable (Doorkeeper) -> Void) {
    for keeper in keepers { keeper.loop.submit { job(keeper) } }
  }

  /// Now, over all loops; each number by itself is right.
  package func gauges() -> Gauges {
    var gauges = Gauges()
    for keeper in keepers { keeper.tallies.add(to: &gauges) }
    return gauges
  }
}
