import CCurl
package import EventLoop
import Glibc
import Synchronization

/// The connections to model providers, spread over the loops. HTTP/1.1, kept alive between transfers.
///
/// Call `shutdown` before the loops are stopped: a transfer on a stopped loop would never finish.
package final class UpstreamPool: Sendable {
  private let settings: UpstreamSettings
  private let multis: [MultiHandle]
  /// Held while a loop is picked, so that two starts do not both take the last place.
  private let picking = Mutex(())

  /// Throws if the bundle of authorities cannot be read, or memory is short.
  package init(loops: LoopPool, settings: UpstreamSettings = UpstreamSettings()) throws(TransferError) {
    guard Self.library == CURLE_OK else { throw TransferError(.outOfMemory) }
    if let bundle = settings.caBundle, access(bundle, R_OK) != 0 {
      throw TransferError(.tls, cause: "cannot read the CA bundle \(bundle)")
    }
    var multis: [MultiHandle] = []
    for loop in loops.loops {
      multis.append(try MultiHandle(loop: loop, settings: settings, share: loops.loops.count))
    }
    self.settings = settings
    self.multis = multis
  }

  deinit { shutdown() }

  /// Begins a transfer on the loop with the fewest. From any thread; never blocks, never calls the sink inline. What
  /// cannot begin is told to the sink as a failure.
  package func start(_ request: UpstreamRequest, sink: any TransferSink) -> Transfer {
    let (multi, free) = picking.withLock { _ in
      var total = 0
      var least = (multi: multis[0], live: Int.max)
      for multi in multis {
        let live = multi.live.load(ordering: .relaxed)
        total += live
        if live < least.live { least = (multi, live) }
      }
      // A refused one counts too, until its sink has been told.
      least.multi.live.add(1, ordering: .relaxed)
      least.multi.waiting.add(1, ordering: .relaxed)
      return (least.multi, total < settings.maxTransfers)
    }
    let transfer = Transfer(sink: sink, multi: multi, limits: request.limits)
    multi.loop.submit {
      if free { multi.begin(transfer, request) } else { transfer.finish(.failed(TransferError(.tooManyTransfers))) }
    }
    return transfer
  }

  /// Cancels all transfers and closes all connections; what is started later is cancelled at once. From any thread.
  /// Done when every loop has worked off its inbox.
  package func shutdown() {
    for multi in multis { multi.loop.submit { multi.close() } }
  }

  /// Numbers at this moment, over all loops.
  package struct Gauges: Sendable, Equatable {
    /// Started and not finished.
    package let transfers: Int
    /// Those of them that have no connection yet.
    package let waiting: Int

    package init(transfers: Int, waiting: Int) {
      self.transfers = transfers
      self.waiting = waiting
    }
  }

  package func gauges() -> Gauges {
    Gauges(
      transfers: multis.reduce(0) { $0 + $1.live.load(ordering: .relaxed) },
      waiting: multis.reduce(0) { $0 + $1.waiting.load(ordering: .relaxed) })
  }

  /// Once in a process. With `CURLOPT_NOSIGNAL`, which threads need, libcurl leaves SIGPIPE to the program.
  private static let library: CURLcode = {
    signal(SIGPIPE, SIG_IGN)
    return curl_global_init(Int(CURL_GLOBAL_DEFAULT))
  }()
}
