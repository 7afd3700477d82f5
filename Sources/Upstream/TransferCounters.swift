import Synchronization

/// What the transfers of one loop add up to. Only the loop writes; anyone may read.
struct TransferCounters: ~Copyable {
  struct Ends: Sendable {
    var complete = 0
    var cancelled = 0
    var failures: [TransferError.Code: Int] = [:]
  }

  private let ends = Mutex(Ends())
  private let bytes = Atomic<Int>(0)

  /// Written for each piece: as the loop alone writes, without a locked instruction.
  func received(bytes count: Int) { bytes.store(bytes.load(ordering: .relaxed) &+ count, ordering: .relaxed) }

  func ended(_ outcome: TransferOutcome) {
    ends.withLock {
      switch outcome {
      case .complete: $0.complete += 1
      case .cancelled: $0.cancelled += 1
      case .failed(let error): $0.failures[error.code, default: 0] += 1
      }
    }
  }

  var bytesReceived: Int { bytes.load(ordering: .relaxed) }
  var totals: Ends { ends.withLock { $0 } }
}
