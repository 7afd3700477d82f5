import Synchronization
import Upstream

/// Fetches a JSON Web Key Set by HTTP.
///
/// With the providers' guard on addresses, proxy and authorities; redirects are not followed.
final class KeyFetch: TransferSink {
  private struct State {
    var status = 0
    var body: [UInt8] = []
    var isTooLong = false
    var transfer: Transfer?
    var continuation: CheckedContinuation<Result<[UInt8], KeyFault>, Never>?
  }

  private let state = Mutex(State())

  /// Milliseconds for all of it, once it has begun.
  private static let limits = UpstreamRequest.Limits(
    connect: 3_000, firstByte: 10_000, firstToken: 10_000, idle: 10_000, total: 10_000)

  private init() {}

  /// At most `WebKeySet.byteLimit` bytes.
  static func bytes(of url: String, by pool: UpstreamPool) async throws(KeyFault) -> [UInt8] {
    let fetch = KeyFetch()
    let request = UpstreamRequest(url: url, method: .get, headers: [("Accept", "application/json")], limits: limits)
    let result = await withCheckedContinuation { continuation in
      fetch.state.withLock { $0.continuation = continuation }
      fetch.attach(pool.start(request, sink: fetch))
    }
    return try result.get()
  }

  /// It may have ended before.
  private func attach(_ transfer: Transfer) {
    let isTooLong = state.withLock { state in
      if state.continuation != nil { state.transfer = transfer }
      return state.isTooLong
    }
    if isTooLong { transfer.cancel() }
  }

  func received(head: ResponseHead) { state.withLock { $0.status = head.status } }

  func received(body: UnsafeRawBufferPointer) -> TransferFlow {
    let surplus = state.withLock { state -> Transfer? in
      if state.body.count + body.count <= WebKeySet.byteLimit {
        state.body.append(contentsOf: body)
        return nil
      }
      state.isTooLong = true
      return state.transfer
    }
    surplus?.cancel()
    return .proceed
  }

  func finished(_ outcome: TransferOutcome) {
    let (continuation, result) = state.withLock { state in
      defer {
        state.continuation = nil
        state.transfer = nil
      }
      return (state.continuation, Self.result(outcome, state))
    }
    continuation?.resume(returning: result)
  }

  private static func result(_ outcome: TransferOutcome, _ state: State) -> Result<[UInt8], KeyFault> {
    if state.isTooLong { return .failure(KeyFault(.malformed, "longer than \(WebKeySet.byteLimit) bytes")) }
    switch outcome {
    case .complete where state.status == 200: return .success(state.body)
    case .complete: return .failure(KeyFault(.refused, "HTTP status \(state.status)"))
    case .cancelled: return .failure(KeyFault(.unreachable, "the program ends"))
    case .failed(let error): return .failure(KeyFault(.unreachable, error.description))
    }
  }
}
