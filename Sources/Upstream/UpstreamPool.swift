import CCurl
package import EventLoop
import Glibc
import Synchronization

/// The connections to model providers, spread over the loops, kept alive between transfers. HTTP/1.1, or HTTP/2 for
/// requests that want it: then the transfers of one loop to one host share connections.
///
/// Call `shutdown` before the loops are stopped: a transfer on a stopped loop would never finish.
package final class UpstreamPool: Sendable {
  private let multis: [MultiHandle]
  private let queue: TransferQueue
  private let started = Atomic<Int>(0)

  /// Throws if the bundle of authorities cannot be read, or memory is short.
  package init(loops: LoopPool, settings: UpstreamSettings = UpstreamSettings()) throws(TransferError) {
    guard Self.library == CURLE_OK else { throw TransferError(.outOfMemory) }
    try UpstreamTLS.check(settings.caBundle, "CA bundle")
    let queue = TransferQueue(settings.bounds)
    var multis: [MultiHandle] = []
    for loop in loops.loops {
      multis.append(try MultiHandle(loop: loop, settings: settings, share: loops.loops.count))
    }
    self.queue = queue
    self.multis = multis
  }

  deinit { shutdown() }

  /// Keeps a place for a transfer that is to start soon: a place to run, or if all are taken, to wait. `host` as of
  /// `UpstreamRequest.host(of:)`; nil if it is not known yet. Nil if a start now would be refused.
  package func reserve(host: String? = nil) -> Place? {
    queue.reserve(host: host).map { Place($0, of: queue) }
  }

  /// Begins a transfer on the loop with the fewest, or lets it wait for its turn. From any thread; never blocks, never
  /// calls the sink inline. What cannot begin is told to the sink as a failure.
  ///
  /// A start in a place that was reserved for the request's host is never refused with `tooManyTransfers`; in one for
  /// any host, only if its own host's queue is full. A place is good for one start.
  package func start(_ request: UpstreamRequest, in place: Place? = nil, sink: any TransferSink) -> Transfer {
    started.add(1, ordering: .relaxed)
    let host = UpstreamRequest.host(of: request.url)
    let claim = place?.take()
    let transfer = Transfer(request, host: host ?? "", sink: sink, multi: leastBusy(), queue: queue)
    guard host != nil else {
      if let claim { queue.giveBack(claim) }
      transfer.refuse(.failed(TransferError(.refusedURL)))
      return transfer
    }
    switch queue.admit(transfer, with: claim) {
    case .runs: transfer.begin()
    case .waits: transfer.wait()
    case .refused: transfer.refuse(.failed(TransferError(.tooManyTransfers)))
    case nil: transfer.refuse(.cancelled)
    }
    return transfer
  }

  /// From now on other bounds. What runs and waits beyond them goes on; what waits and may run now begins.
  package func replace(bounds: UpstreamBounds) { queue.replace(bounds) }

  /// Cancels all transfers and closes all connections; what is started later is cancelled at once. From any thread.
  /// Done when every loop has worked off its inbox.
  package func shutdown() {
    for transfer in queue.close() { transfer.refuse(.cancelled) }
    for multi in multis { multi.loop.submit { multi.close() } }
  }

  package func gauges() -> UpstreamGauges {
    var gauges = UpstreamGauges()
    (gauges.running, gauges.queued, gauges.refused) = queue.counts
    for multi in multis {
      gauges.connecting += multi.connecting.load(ordering: .relaxed)
      gauges.bytesReceived += multi.counters.bytesReceived
      let totals = multi.counters.totals
      gauges.complete += totals.complete
      gauges.cancelled += totals.cancelled
      gauges.failures.merge(totals.failures, uniquingKeysWith: +)
    }
    // Read last: never fewer than have finished.
    gauges.started = started.load(ordering: .relaxed)
    return gauges
  }

  /// Counts the coming transfer already, so that starts at one moment spread.
  private func leastBusy() -> MultiHandle {
    var least = (multi: multis[0], live: Int.max)
    for multi in multis {
      let live = multi.live.load(ordering: .relaxed)
      if live < least.live { least = (multi, live) }
    }
    least.multi.live.add(1, ordering: .relaxed)
    return least.multi
  }

  /// Once in a process. With `CURLOPT_NOSIGNAL`, which threads need, libcurl leaves SIGPIPE to the program.
  private static let library: CURLcode = {
    signal(SIGPIPE, SIG_IGN)
    return curl_global_init(Int(CURL_GLOBAL_DEFAULT))
  }()
}
