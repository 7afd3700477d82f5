import EventLoop
import Synchronization
import Upstream

/// A sink that keeps what it is given.
final class Recorder: TransferSink {
  struct Record: Sendable {
    var head: ResponseHead?
    var body: [UInt8] = []
    var pieces = 0
    var outcome: TransferOutcome?
    /// Calls of `finished`, and any calls after it or before their turn.
    var finishes = 0
    var misplaced = 0
    /// When the last of these came.
    var lastPieceAt: Instant?
    var finishedAt: Instant?

    var text: String { String(decoding: body, as: UTF8.self) }
  }

  let record = Watched(Record())
  /// For sinks that cancel themselves.
  let transfer = Mutex<Transfer?>(nil)
  private let judge: @Sendable (Recorder, [UInt8]) -> TransferFlow

  /// `judge` answers for each piece, after it was kept.
  init(_ judge: @escaping @Sendable (Recorder, [UInt8]) -> TransferFlow = { _, _ in .proceed }) { self.judge = judge }

  func received(head: ResponseHead) {
    record.update {
      if $0.head != nil || $0.outcome != nil { $0.misplaced += 1 }
      $0.head = head
    }
  }

  func received(body: UnsafeRawBufferPointer) -> TransferFlow {
    let piece = [UInt8](body)
    record.update {
      if $0.head == nil || $0.outcome != nil || piece.isEmpty { $0.misplaced += 1 }
      $0.body += piece
      $0.lastPieceAt = .now()
      $0.pieces += 1
    }
    return judge(self, piece)
  }

  func finished(_ outcome: TransferOutcome) {
    record.update {
      $0.outcome = outcome
      $0.finishedAt = .now()
      $0.finishes += 1
    }
  }

  /// What was recorded, once it has finished.
  func finish() async throws -> Record { try await record.wait { $0.outcome != nil } }

  /// The code it failed with, once it has finished; nil if it did not fail.
  func failure() async throws -> TransferError.Code? { try await finish().outcome?.error?.code }
}

extension TransferOutcome {
  /// Nil unless failed.
  var error: TransferError? {
    if case .failed(let error) = self { error } else { nil }
  }
}
