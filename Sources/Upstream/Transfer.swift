import CCurl
package import EventLoop
import Glibc
import Synchronization

/// One request and its response, waiting or under way. `cancel` and `resume` from any thread; they never call the sink
/// inline.
// Sendable is unchecked because what is mutable below `cancelRequested` is confined to the loop.
package final class Transfer: @unchecked Sendable {
  /// Where the sink is called.
  package var loop: EventLoop { multi.loop }

  let ticket: Admission.Ticket
  /// What it counts for in the bounds.
  let host: String
  private let multi: MultiHandle
  private let queue: TransferQueue
  private let cancelRequested = Atomic<Bool>(false)

  /// Nil once begun or finished.
  private var request: UpstreamRequest?
  /// Nil once finished.
  private var sink: (any TransferSink)?
  /// Nil before begin and after the end.
  private(set) var easy: EasyHandle?
  private var clock: TransferClock
  private var timer: TimerID?
  private var hasPlace = false
  private var headBytes = 0
  private var headDelivered = false
  /// Whether other transfers may depend on the same connection.
  private let isShared: Bool
  /// What came while paused, if others share the connection: libcurl would hold up all of them.
  private var held: [UInt8] = []
  private var hasBegunAgain = false
  /// Nil for a body that is as it is.
  private var decoder: ContentDecoder?
  /// What is asked of the addresses of its host.
  private var passage = AddressGuard.Passage.free
  /// The first address that was refused since there was a connection last, and why.
  private var refusal: (address: IPAddress, reason: AddressGuard.Refusal)?
  /// Whether another address was tried since.
  private var hasDialled = false
  /// The reason why a callback gave libcurl a refusal.
  private var verdict: TransferError?

  private static let maxHead = 64 << 10
  private static let mostHeld = 64 << 10
  private static let mostDelivered = 16 << 10

  init(_ request: UpstreamRequest, host: String, sink: any TransferSink, multi: MultiHandle, queue: TransferQueue) {
    ticket = queue.issue()
    self.host = host
    self.request = request
    isShared = request.version == .http2
    self.sink = sink
    self.multi = multi
    self.queue = queue
    clock = TransferClock(
      request.limits, queueTimeout: queue.bounds.queueTimeout, pausesAreIdle: isShared, start: .now())
  }

  deinit { assert(sink == nil, "a transfer went without telling its sink") }

  /// Closes the connection, or leaves the queue, and ends with `.cancelled`, unless it has ended. No body is delivered
  /// any more, but a call that runs on the loop at this moment.
  package func cancel() {
    cancelRequested.store(true, ordering: .relaxed)
    loop.submit { [self] in
      if queue.abandon(self) { finish(.cancelled) } else { multi.end(self, .cancelled) }
    }
  }

  /// Undoes `.pause`; else does nothing. May be called before the sink has returned `.pause`.
  package func resume() {
    loop.submit { [self] in
      guard clock.phase == .paused, let easy else { return }
      enter(.receiving)
      deliverHeld()
      if clock.phase != .paused, !isCancelled { multi.unpause(self, easy) }
    }
  }

  // MARK: called by the pool and the queue, on any thread; exactly one of the three ends what the caller has to do

  /// It has a place now.
  func begin() { loop.submit { [self] in multi.begin(self) } }

  /// It has been put on the queue. Its turn may come before this job runs.
  func wait() { loop.submit { [self] in if clock.phase == .queued, !isFinished { arm() } } }

  /// It never had a place and does not get one.
  func refuse(_ outcome: TransferOutcome) { loop.submit { [self] in finish(outcome) } }

  // MARK: loop only

  var isCancelled: Bool { cancelRequested.load(ordering: .relaxed) }
  private var isFinished: Bool { sink == nil }

  /// Makes the easy handle, and from now on the limits count.
  func open(
    _ settings: UpstreamSettings, _ sessions: UnsafeMutableRawPointer
  ) throws(TransferError) -> EasyHandle? {
    hasPlace = true
    multi.connecting.add(1, ordering: .relaxed)
    clock.enter(.connecting, at: .now())
    defer { request = nil }
    guard let request, !isCancelled else { return nil }
    let way = try Way(for: request, declines: multi.declining.contains(host), settings)
    passage = way.passage
    let easy = try EasyHandle(request, settings, way, sessions, context: Unmanaged.passUnretained(self).toOpaque())
    self.easy = easy
    arm()
    return easy
  }

  /// Frees all and tells the sink. The handle must have left its multi handle.
  func finish(_ outcome: TransferOutcome) {
    while outcome != .cancelled, !held.isEmpty { deliverHeld() }
    held = []
    if let timer { loop.cancel(timer) }
    timer = nil
    easy = nil
    decoder = nil
    request = nil
    if clock.phase == .connecting { multi.connecting.subtract(1, ordering: .relaxed) }
    multi.live.subtract(1, ordering: .relaxed)
    multi.counters.ended(outcome)
    if hasPlace { queue.leave(host: host) }
    let told = sink
    sink = nil
    told?.finished(outcome)
  }

  /// Whether to send the request once more, because an HTTP/2 connection that the server has said goodbye to (GOAWAY)
  /// gave no answer. libcurl does that itself for a stream that was refused, but not for the last one on a connection.
  func beginsAgain(after code: CURLcode) -> Bool {
    guard isShared, clock.phase == .awaiting, !hasBegunAgain, !isCancelled, verdict == nil, let easy else {
      return false
    }
    switch code {
    case CURLE_HTTP2, CURLE_GOT_NOTHING: break
    case CURLE_PARTIAL_FILE where !easy.hasWords: break
    default: return false
    }
    hasBegunAgain = true
    return true
  }

  /// What libcurl's result means here.
  func outcome(of code: CURLcode) -> TransferOutcome {
    if isCancelled { return .cancelled }
    if let verdict { return .failed(verdict) }
    if code == CURLE_OK, !headDelivered { return .failed(error(.reset, cause: "closed without an answer")) }
    if code == CURLE_OK {
      return decoder?.isWhole ?? true ? .complete : .failed(error(.truncated, cause: "the content coding has no end"))
    }
    if code == CURLE_COULDNT_CONNECT, let refusal, !hasDialled {
      return .failed(AddressGuard.error(refusal.address, refusal.reason))
    }
    guard let (reason, cause) = easy?.failure(code, connected: clock.phase != .connecting) else { return .cancelled }
    // With HTTP/2 a stream may break before there is a head.
    return .failed(error(reason == .truncated && !headDelivered ? .reset : reason, cause: cause))
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
}

// What libcurl calls, through `CurlCallbacks.swift`.
extension Transfer {
  /// Whether a connection to the address may be opened.
  func mayConnect(to target: UnsafePointer<sockaddr>) -> Bool {
    guard let address = IPAddress(target) else { return false }
    guard let reason = multi.settings.addresses.refusal(of: address, passage) else {
      hasDialled = true
      return true
    }
    if refusal == nil { refusal = (address, reason) }
    return false
  }

  /// The connection is ready and the request will be sent now.
  func connected() {
    refusal = nil
    hasDialled = false
    guard clock.phase == .connecting else { return }
    multi.connecting.subtract(1, ordering: .relaxed)
    enter(.awaiting)
  }

  /// A line of the head, of an interim head or of the trailer. Returns the bytes taken: fewer fail the transfer.
  func received(line: UnsafeRawBufferPointer) -> Int {
    if isCancelled { return 0 }
    guard let easy, !headDelivered else { return line.count }
    headBytes += line.count
    if headBytes > Self.maxHead { return refuse(.malformed, "the head is longer than \(Self.maxHead) bytes") }
    guard easy.status >= 200 else { return line.count }
    if !clock.isAnswered { enter(.answered) }
    guard line.first == 0x0D || line.first == 0x0A else { return line.count }  // the empty line ends it
    // Never a provider's: it is the proxy that answers, to a request that was not tunnelled.
    if easy.status == 407, multi.settings.proxy != nil { return refuse(.proxy, "the proxy wants other credentials") }
    if let coding = easy.contentCoding {
      decoder = ContentDecoder(coding)
      if decoder == nil { return refuse(.malformed, "unknown content coding") }
    }
    if isShared { multi.note(host, declines: !easy.isHTTP2) }
    headDelivered = true
    sink?.received(head: easy.head)
    return line.count
  }

  /// A piece of the body. Returns the bytes taken, or libcurl's word for "later": then it comes again.
  func received(body: UnsafeRawBufferPointer) -> Int {
    if isCancelled { return 0 }
    if clock.phase == .paused {
      guard isShared, decoder == nil, held.count + body.count <= Self.mostHeld else { return Int(CURL_WRITEFUNC_PAUSE) }
      held += body
      return body.count
    }
    guard let decoder else {
      if !body.isEmpty { deliver(body) }
      return body.count
    }
    let step = decoder.feed(body) { piece in
      deliver(piece)
      return clock.phase != .paused && !isCancelled
    }
    return switch step {
    case .all: body.count
    case .held: Int(CURL_WRITEFUNC_PAUSE)
    case .broken: refuse(.malformed, "broken content coding")
    }
  }

  private func deliver(_ piece: UnsafeRawBufferPointer) {
    multi.counters.received(bytes: piece.count)
    switch sink?.received(body: piece) {
    case .proceed: if clock.touch(at: loop.now) { arm() }
    case .pause: enter(.paused)
    case .idle, nil: break
    }
  }

  /// Until the sink pauses again.
  private func deliverHeld() {
    let all = held
    held = []
    all.withUnsafeBytes { bytes in
      var rest = bytes[...]
      repeat {
        let piece = rest.prefix(Self.mostDelivered)
        rest = rest.dropFirst(piece.count)
        if !piece.isEmpty { deliver(UnsafeRawBufferPointer(rebasing: piece)) }
      } while !rest.isEmpty && clock.phase != .paused && !isCancelled
      held += rest
    }
  }

  private func refuse(_ code: TransferError.Code, _ cause: String) -> Int {
    verdict = error(code, cause: cause)
    return 0
  }
}

extension Transfer: TimerHandler {
  /// Data only moves the deadline; the timer finds out when it fires. So a chunk costs no work on the heap.
  package func timerFired(_ token: Int) {
    timer = nil
    guard let code = clock.overdue(at: loop.now) else { return arm() }
    guard code == .queueTimeout else { return multi.end(self, .failed(error(code))) }
    if queue.abandon(self) { finish(.failed(error(code))) }
  }
}
