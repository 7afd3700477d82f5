import CCurl
package import EventLoop
import Synchronization

/// One request and its response under way. `cancel` and `resume` from any thread; they never call the sink inline.
// Sendable is unchecked because what is mutable below `cancelRequested` is confined to the loop.
package final class Transfer: @unchecked Sendable {
  /// Where the sink is called.
  package var loop: EventLoop { multi.loop }

  private let multi: MultiHandle
  private let cancelRequested = Atomic<Bool>(false)

  /// Nil once finished.
  private var sink: (any TransferSink)?
  /// Nil before begin and after the end.
  private(set) var easy: EasyHandle?
  private var clock: TransferClock
  private var timer: TimerID?
  private var headBytes = 0
  private var headDelivered = false
  /// The reason why a callback gave libcurl a refusal.
  private var verdict: TransferError.Code?

  private static let maxHead = 64 << 10

  init(sink: any TransferSink, multi: MultiHandle, limits: UpstreamRequest.Limits) {
    self.sink = sink
    self.multi = multi
    clock = TransferClock(limits, start: .now())
  }

  deinit { assert(sink == nil, "a transfer went without telling its sink") }

  /// Closes the connection and ends with `.cancelled`, unless it has ended. No body is delivered any more, but a call
  /// that runs on the loop at this moment.
  package func cancel() {
    cancelRequested.store(true, ordering: .relaxed)
    loop.submit { [self] in multi.end(self, .cancelled) }
  }

  /// Undoes `.pause`; else does nothing. May be called before the sink has returned `.pause`.
  package func resume() {
    loop.submit { [self] in
      guard clock.phase == .paused, let easy else { return }
      clock.enter(.receiving, at: loop.now)
      arm()
      multi.unpause(self, easy)
    }
  }

  // MARK: loop only

  var isCancelled: Bool { cancelRequested.load(ordering: .relaxed) }
  var isFinished: Bool { sink == nil }
  var isConnecting: Bool { clock.phase == .connecting }

  /// Makes the easy handle, and from now on the limits count.
  func open(_ request: UpstreamRequest, _ settings: UpstreamSettings) throws(TransferError) -> EasyHandle {
    let easy = try EasyHandle(request, settings, context: Unmanaged.passUnretained(self).toOpaque())
    self.easy = easy
    arm()
    return easy
  }

  /// Frees all and tells the sink. The handle must have left its multi handle.
  func finish(_ outcome: TransferOutcome) {
    if let timer { loop.cancel(timer) }
    timer = nil
    easy = nil
    if isConnecting { multi.waiting.subtract(1, ordering: .relaxed) }
    multi.live.subtract(1, ordering: .relaxed)
    let told = sink
    sink = nil
    told?.finished(outcome)
  }

  /// What libcurl's result means here.
  func outcome(of code: CURLcode) -> TransferOutcome {
    if isCancelled { return .cancelled }
    if code == CURLE_OK { return .complete }
    let reason = verdict ?? TransferError.Code(code, connected: !isConnecting)
    return .failed(error(reason, cause: easy?.cause(of: code) ?? ""))
  }

  private func error(_ code: TransferError.Code, cause: String = "") -> TransferError {
    TransferError(code, cause: cause, beforeFirstByte: !clock.isAnswered)
  }

  private func enter(_ phase: TransferClock.Phase) {
    clock.enter(phase, at: loop.now)
    arm()
  }

  private func arm() {
    if let timer { loop.cancel(timer) }
    timer = clock.deadline == .distantFuture ? nil : loop.schedule(at: clock.deadline, handler: self)
  }

  // MARK: called by libcurl

  /// The connection is ready and the request will be sent now.
  func connected() {
    guard isConnecting else { return }
    multi.waiting.subtract(1, ordering: .relaxed)
    enter(.awaiting)
  }

  /// A line of the head, of an interim head or of the trailer. Returns the bytes taken: fewer fail the transfer.
  func received(line: UnsafeRawBufferPointer) -> Int {
    if isCancelled { return 0 }
    guard let easy, !headDelivered else { return line.count }
    headBytes += line.count
    if headBytes > Self.maxHead {
      verdict = .malformed
      return 0
    }
    if easy.status >= 200 {
      if !clock.isAnswered { enter(.receiving) }
      if line.first == 0x0D || line.first == 0x0A {  // the empty line
        headDelivered = true
        sink?.received(head: easy.head)
      }
    }
    return line.count
  }

  /// A piece of the body. Returns the bytes taken, or libcurl's word for "later".
  func received(body: UnsafeRawBufferPointer) -> Int {
    if isCancelled { return 0 }
    if clock.phase == .paused { return Int(CURL_WRITEFUNC_PAUSE) }
    if body.isEmpty { return 0 }
    switch sink?.received(body: body) {
    case .proceed: clock.touch(at: loop.now)
    case .pause: clock.enter(.paused, at: loop.now)
    case .idle, nil: break
    }
    return body.count
  }
}

extension Transfer: TimerHandler {
  /// Data only moves the deadline; the timer finds out when it fires. So a chunk costs no work on the heap.
  package func timerFired(_ token: Int) {
    timer = nil
    if let code = clock.overdue(at: loop.now) { multi.end(self, .failed(error(code))) } else { arm() }
  }
}
