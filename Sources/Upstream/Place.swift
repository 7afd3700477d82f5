import Synchronization

/// A place in the pool that was reserved for a transfer to come. It counts like the transfer itself, and is given back
/// when the last reference goes without having been used.
package final class Place: Sendable {
  private let queue: TransferQueue
  /// Nil once used.
  private let claim: Mutex<Admission.Claim?>

  init(_ claim: Admission.Claim, of queue: TransferQueue) {
    self.queue = queue
    self.claim = Mutex(claim)
  }

  deinit { if let claim = take() { queue.giveBack(claim) } }

  /// The place itself, for the first that asks.
  func take() -> Admission.Claim? { claim.withLock { $0.take() } }
}
