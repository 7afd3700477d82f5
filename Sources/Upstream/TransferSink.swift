/// What a sink wants after some bytes of the body. The bytes are consumed in every case.
package enum TransferFlow: Sendable {
  /// More, and these were data: the first ends the wait for a token, each starts the idle clock anew.
  case proceed
  /// More, but these were no data (a comment, a keep-alive): the clock runs on.
  case idle
  /// They were data, and no more before `Transfer.resume()`. Memory stays bounded: libcurl holds one read (16 KB), the
  /// kernel the rest.
  ///
  /// On HTTP/2 the transfer itself takes 64 KB more. What comes beyond that stops all streams of the connection, for
  /// libcurl reads their frames in order; so there the idle limit runs, and ends a pause before its siblings starve.
  case pause
}

/// How a transfer ended.
package enum TransferOutcome: Sendable, Equatable {
  /// The response was received whole as HTTP and its content coding frame it, whatever its status. On HTTP/2, libcurl
  /// before 8.0 may say so of a stream that was reset while others ran: who needs an end looks for its mark.
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
  /// then all of the body had been delivered before; on HTTP/2 what was held is, just before.
  func finished(_ outcome: TransferOutcome)
}
