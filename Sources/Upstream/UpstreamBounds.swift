/// How many transfers may run and wait at one time, over all loops. A host is a scheme, a name and a port: what
/// `UpstreamRequest.host(of:)` tells apart.
package struct UpstreamBounds: Sendable, Equatable {
  /// Transfers that run; a reserved place counts.
  package var maxTransfers: Int
  /// The same for one host.
  package var maxTransfersPerHost: Int
  /// Transfers that wait for a place to run; one more fails at once with `tooManyTransfers`. 0: nobody waits.
  package var maxQueued: Int
  /// The same for one host.
  package var maxQueuedPerHost: Int
  /// How long one may wait, in milliseconds; then it fails with `queueTimeout`.
  package var queueTimeout: Int

  package init(
    maxTransfers: Int = 10_000, maxTransfersPerHost: Int = 10_000, maxQueued: Int = 1_000,
    maxQueuedPerHost: Int = 1_000, queueTimeout: Int = 30_000
  ) {
    self.maxTransfers = max(1, maxTransfers)
    self.maxTransfersPerHost = max(1, maxTransfersPerHost)
    self.maxQueued = max(0, maxQueued)
    self.maxQueuedPerHost = max(0, maxQueuedPerHost)
    self.queueTimeout = max(1, queueTimeout)
  }
}
