/// The numbers of a pool at one moment, over all loops. Those that only grow count from the pool's beginning.
package struct UpstreamGauges: Sendable, Equatable {
  /// Transfers that have a place, reserved places included.
  package var running = 0
  /// Transfers that wait for a place, reserved ones included.
  package var queued = 0
  /// Running transfers that have no connection yet.
  package var connecting = 0
  /// Transfers that `start` was called for; each ends as one of the next three.
  package var started = 0
  package var complete = 0
  package var cancelled = 0
  /// By reason; no reason that never was.
  package var failures: [TransferError.Code: Int] = [:]
  /// Starts and reservations for which there was no place.
  package var refused = 0
  /// Bytes of bodies, decompressed.
  package var bytesReceived = 0

  package init() {}

  /// All that have ended, whichever way.
  package var finished: Int { complete + cancelled + failures.values.reduce(0, +) }
}
