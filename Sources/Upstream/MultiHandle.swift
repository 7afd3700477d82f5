import CCurl
import EventLoop
import Synchronization

/// One libcurl multi handle on one loop: it tells the loop what to watch, the loop tells it what is ready.
///
/// Nothing here runs inside a libcurl call but the two callbacks at the end: transfers are added, resumed and removed
/// only from jobs and timers of the loop, so that a sink may call what it likes.
// Sendable is unchecked because what is mutable below the counters is confined to the loop.
final class MultiHandle: @unchecked Sendable {
  let loop: EventLoop
  let settings: UpstreamSettings
  /// Transfers started here and not finished, waiting ones included. Read from anywhere.
  let live = Atomic<Int>(0)
  /// Those that have a place but no connection yet. Read from anywhere.
  let connecting = Atomic<Int>(0)
  let counters = TransferCounters()

  /// Nil once closed.
  private var handle: UnsafeMutableRawPointer?
  /// TLS sessions, so that a new connection to a known host needs no whole handshake. Only this loop uses it: no locks.
  private let sessions: UnsafeMutableRawPointer
  /// Hosts that chose HTTP/1.1 when asked for HTTP/2.
  private(set) var declining: Set<String> = []
  private var transfers: [ObjectIdentifier: Transfer] = [:]
  private var watches: [Int32: Watch] = [:]
  private var timer: TimerID?

  /// `share`: the number of loops that share the kept connections of `settings`. Throws if memory is short.
  init(loop: EventLoop, settings: UpstreamSettings, share: Int) throws(TransferError) {
    guard let sessions = curl_share_init() else { throw TransferError(.outOfMemory) }
    self.sessions = sessions
    ccurl_share_data(sessions, CURL_LOCK_DATA_SSL_SESSION)
    guard let handle = curl_multi_init() else {
      curl_share_cleanup(sessions)
      throw TransferError(.outOfMemory)
    }
    self.loop = loop
    self.settings = settings
    self.handle = handle
    let context = Unmanaged.passUnretained(self).toOpaque()
    ccurl_multi_set_on_socket(handle, onSocket, context)
    ccurl_multi_set_on_timer(handle, onTimer, context)
    ccurl_multi_set_long(handle, CURLMOPT_MAXCONNECTS, (settings.keptConnections + share - 1) / share)
    ccurl_multi_set_long(handle, CURLMOPT_PIPELINING, Int(CURLPIPE_MULTIPLEX))
    // What RFC 9113, section 6.5.2, wants servers to allow at least; what one says less counts.
    ccurl_multi_set_long(handle, CURLMOPT_MAX_CONCURRENT_STREAMS, 100)
  }

  deinit {
    assert(handle == nil, "a multi handle went without close()")
    curl_share_cleanup(sessions)
  }

  // MARK: loop only

  func begin(_ transfer: Transfer) {
    do throws(TransferError) {
      guard let easy = try transfer.open(settings, sessions), let handle else { return transfer.finish(.cancelled) }
      guard curl_multi_add_handle(handle, easy.pointer) == CURLM_OK else { throw TransferError(.outOfMemory) }
      transfers[ObjectIdentifier(transfer)] = transfer
    } catch {
      transfer.finish(.failed(error))
    }
  }

  /// The host has chosen HTTP/1.1, or HTTP/2.
  func note(_ host: String, declines: Bool) {
    if declines { declining.insert(host) } else { declining.remove(host) }
  }

  /// Sends the same request again: on another connection, for libcurl keeps the one that refused it for nobody.
  private func beginAgain(_ transfer: Transfer) {
    guard let handle, let easy = transfer.easy else { return }
    curl_multi_remove_handle(handle, easy.pointer)
    guard curl_multi_add_handle(handle, easy.pointer) != CURLM_OK else { return }
    end(transfer, .failed(TransferError(.outOfMemory)))
  }

  /// Does nothing if it has ended. The connection of an unfinished response is closed; on HTTP/2 only its stream.
  func end(_ transfer: Transfer, _ outcome: TransferOutcome) {
    guard transfers.removeValue(forKey: ObjectIdentifier(transfer)) != nil else { return }
    if let handle, let easy = transfer.easy { curl_multi_remove_handle(handle, easy.pointer) }
    transfer.finish(outcome)
  }

  /// Delivers what libcurl held back and reads on.
  func unpause(_ transfer: Transfer, _ easy: EasyHandle) {
    let code = curl_easy_pause(easy.pointer, CURLPAUSE_CONT)
    if code != CURLE_OK { end(transfer, transfer.outcome(of: code)) }
  }

  /// Ends all transfers as cancelled and closes all connections; what begins later is cancelled at once.
  func close() {
    guard let handle else { return }
    for transfer in transfers.values { end(transfer, .cancelled) }
    self.handle = nil
    curl_multi_cleanup(handle)
    for watch in watches.values { loop.unwatch(watch) }
    watches = [:]
    schedule(milliseconds: -1)
  }

  /// Lets libcurl act on `descriptor`, then ends what it says is done.
  private func act(on descriptor: Int32, _ mask: Int32) {
    guard let handle else { return }
    var count: Int32 = 0
    curl_multi_socket_action(handle, descriptor, mask, &count)
    while let message = curl_multi_info_read(handle, &count) {
      let result = ccurl_result(message)
      guard let transfer = Transfer.of(message.pointee.easy_handle) else { continue }
      if transfer.beginsAgain(after: result) {
        beginAgain(transfer)
      } else {
        end(transfer, transfer.outcome(of: result))
      }
    }
  }

  // MARK: called by libcurl

  /// libcurl's interest in a descriptor has changed.
  func watch(_ descriptor: Int32, _ interest: Int32) {
    var readiness: Readiness = []
    if interest & CURL_POLL_IN != 0 { readiness.insert(.read) }
    if interest & CURL_POLL_OUT != 0 { readiness.insert(.write) }
    switch watches[descriptor] {
    case let watch? where interest == CURL_POLL_REMOVE:
      loop.unwatch(watch)
      watches[descriptor] = nil
    case let watch?:
      loop.update(watch, for: readiness)
    case nil where interest != CURL_POLL_REMOVE:
      // If the kernel refuses, the transfer runs into its limit; telling libcurl would end all transfers of the loop.
      watches[descriptor] = try? loop.watch(descriptor, for: readiness, handler: self)
    case nil: break
    }
  }

  /// When libcurl wants to act without readiness; below 0: not at all.
  func schedule(milliseconds: Int) {
    if let timer { loop.cancel(timer) }
    timer = milliseconds < 0 ? nil : loop.schedule(at: .now().advanced(milliseconds: milliseconds), handler: self)
  }
}

extension MultiHandle: ReadinessHandler {
  // A hang-up is told as readable: libcurl takes an error for the end although there may be bytes left to read.
  private static let readable: Readiness = [.read, .hangUp]

  func ready(_ readiness: Readiness, descriptor: Int32) {
    let readable = !readiness.isDisjoint(with: Self.readable)
    act(on: descriptor, (readable ? CURL_CSELECT_IN : 0) | (readiness.contains(.write) ? CURL_CSELECT_OUT : 0))
  }
}

extension MultiHandle: TimerHandler {
  func timerFired(_ token: Int) {
    timer = nil
    act(on: CURL_SOCKET_TIMEOUT, 0)
  }
}
