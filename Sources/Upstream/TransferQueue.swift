import Synchronization

/// The transfers that wait for a place to run: the lock around `Admission`. What its state machine says is done after
/// unlocking, on the loop of the transfer whose turn it is.
final class TransferQueue: Sendable {
  private struct State {
    var admission: Admission
    var waiting: [Admission.Ticket: Transfer] = [:]
    var lastTicket = 0
    var isClosed = false
  }
  private let state: Mutex<State>

  init(_ bounds: UpstreamBounds) { state = Mutex(State(admission: Admission(bounds))) }

  /// A ticket that no other transfer has.
  func issue() -> Admission.Ticket {
    state.withLock { state in
      state.lastTicket += 1
      return state.lastTicket
    }
  }

  func reserve(host: String?) -> Admission.Claim? { state.withLock { $0.admission.reserve(host: host) } }

  func giveBack(_ claim: Admission.Claim) { serve { $0.admission.giveBack(claim) } }

  /// Nil once closed. One that waits is retained until its turn has come, or it is abandoned.
  func admit(_ transfer: Transfer, with claim: Admission.Claim?) -> Admission.Verdict? {
    var verdict: Admission.Verdict?
    serve { state in
      if state.isClosed { return claim.map { state.admission.giveBack($0) } ?? [] }
      let (answer, served) = state.admission.arrive(transfer.ticket, host: transfer.host, with: claim)
      if answer == .waits { state.waiting[transfer.ticket] = transfer }
      verdict = answer
      return served
    }
    return verdict
  }

  /// A transfer that had a place has ended.
  func leave(host: String) { serve { $0.admission.leave(host: host) } }

  /// False if the transfer does not wait (any longer).
  func abandon(_ transfer: Transfer) -> Bool {
    state.withLock { state in
      state.waiting.removeValue(forKey: transfer.ticket) != nil
        && state.admission.abandon(transfer.ticket, host: transfer.host)
    }
  }

  func replace(_ bounds: UpstreamBounds) { serve { $0.admission.replace(bounds) } }

  /// Admits no more. Returns those that waited, which are to be told.
  func close() -> [Transfer] {
    state.withLock { state in
      state.isClosed = true
      let waiting = state.waiting.values.sorted { $0.ticket < $1.ticket }
      for transfer in waiting { _ = state.admission.abandon(transfer.ticket, host: transfer.host) }
      state.waiting = [:]
      return waiting
    }
  }

  var bounds: UpstreamBounds { state.withLock { $0.admission.bounds } }

  /// Those that have a place, those that wait, both with reserved places, and how many were refused so far.
  var counts: (running: Int, queued: Int, refused: Int) {
    state.withLock { ($0.admission.running, $0.admission.queued, $0.admission.refused) }
  }

  private func serve(_ input: (inout State) -> [Admission.Ticket]) {
    let served = state.withLock { state in input(&state).compactMap { state.waiting.removeValue(forKey: $0) } }
    for transfer in served { transfer.begin() }
  }
}
