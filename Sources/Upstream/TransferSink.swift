/// What a sink wants after some bytes of the body. The bytes are consumed in every case.
package enum TransferFlow: Sendable {
  /// More, and these were data: the first ends the wait for a token, each starts the idle clock anew.
  case proceed
  /// More, but these were no data (a comment, a keep-alive): the clock runs on.
  case idle
  /// They were data, and no more before `Transfer.resume()`. Memory stays bounded: libcurl holds one read (16 KB), the
  /// kernel the rest.
  case pause
}

/// How a transfer ended.
package enum TransferOutcome: Sendable, Equatable {
  /// The response was received whole as HTTP and its content coding frame it, whatever its status.
  case complete
  /// By `Transfer.cancel()` or the pool's shutdown.
  case cancelled
  case failed(TransferError)
}

/// Receives one response. All calls come on the transfer's loop, in the order head, body…, finished, and must not
/// block. They may begin before `UpstreamPool.start` has returned. The transfer retains its sink until `finished`.
package protocol TransferSink: AnyObject, Sendable {
  /// At most once.
  func received(head: ResponseHead)

  /// A piece of the body, never empty, at most 16 KB, cut anywhere, decompressed if need be; bodies of errors too. Only
  /// valid during the call.
  func received(body: UnsafeRawBufferPointer) -> TransferFlow

  /// Exactly once, and last, also after `cancel` or without any response. May come while the transfer is paused:
  /// then all of the body had been delivered before.
  func finished(_ outcome: TransferOutcome)
}
