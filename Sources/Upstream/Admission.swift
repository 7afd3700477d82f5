/// Who may run and who waits. Pure: every input returns whose turn it is now.
///
/// Within a host first come, first served; between hosts in turns, so that one with a long queue gets no more than its
/// share. A host that is full holds up only its own. At any time nobody waits who could run.
struct Admission {
  /// Names one that runs or waits; chosen by the caller, never twice.
  typealias Ticket = Int

  enum Verdict: Equatable { case runs, waits, refused }

  /// A place kept free for one that will come: among those that run, or, these being full, among those that wait.
  struct Claim: Equatable {
    /// Nil while nobody knows: then the place counts in all only.
    let host: String?
    let runs: Bool
  }

  private struct Host {
    /// Claims included.
    var running = 0
    /// In the order they came.
    var waiting: [Ticket] = []
    /// Claims on places in the queue.
    var claimed = 0
    /// Whether it stands in `turns`.
    var hasTurn = false

    var queued: Int { waiting.count + claimed }
    var isGone: Bool { running == 0 && queued == 0 }
  }

  private(set) var bounds: UpstreamBounds
  /// Claims included, as in `queued`.
  private(set) var running = 0
  private(set) var queued = 0
  /// Those for whom there was no place, since the beginning.
  private(set) var refused = 0
  /// Only those where something runs, waits or is claimed.
  private var hosts: [String: Host] = [:]
  /// Hosts where one waits and could run if there were a place in all; the first is served next.
  private var turns: [String] = []

  init(_ bounds: UpstreamBounds) { self.bounds = bounds }

  /// Hosts that are kept in mind.
  var hostCount: Int { hosts.count }

  /// Keeps a place free; nil if there is none.
  mutating func reserve(host: String?) -> Claim? {
    if mayRun(host) {
      running += 1
      update(host) { $0.running += 1 }
      return Claim(host: host, runs: true)
    }
    if mayWait(host) {
      queued += 1
      update(host) { $0.claimed += 1 }
      return Claim(host: host, runs: false)
    }
    refused += 1
    return nil
  }

  /// A place is not needed after all. Returns whose turn it is.
  mutating func giveBack(_ claim: Claim) -> [Ticket] {
    release(claim)
    return serve()
  }

  /// One comes, with or without a place. With a place for its host it is never refused; with one for another host or
  /// for any, only if its own host's queue is full. Also returns whose turn it is: moving a place may make room.
  mutating func arrive(_ ticket: Ticket, host: String, with claim: Claim? = nil) -> (Verdict, [Ticket]) {
    if claim == Claim(host: host, runs: true) { return (.runs, []) }
    if let claim { release(claim) }
    if mayRun(host) {
      running += 1
      update(host) { $0.running += 1 }
      return (.runs, serve())
    }
    if mayWait(host) || claim?.host == host {
      queued += 1
      update(host) { $0.waiting.append(ticket) }
      return (.waits, serve())
    }
    refused += 1
    return (.refused, serve())
  }

  /// One that ran has ended. Returns whose turn it is.
  mutating func leave(host: String) -> [Ticket] {
    running -= 1
    update(host) { $0.running -= 1 }
    return serve()
  }

  /// One does not want to wait any longer. False if it does not wait: then its turn has come.
  mutating func abandon(_ ticket: Ticket, host: String) -> Bool {
    guard let index = hosts[host]?.waiting.firstIndex(of: ticket) else { return false }
    queued -= 1
    update(host) { $0.waiting.remove(at: index) }
    return true
  }

  /// From now on other bounds. Nobody is sent away: what is beyond them ends or gives up by itself. Returns whose turn
  /// it is.
  mutating func replace(_ bounds: UpstreamBounds) -> [Ticket] {
    self.bounds = bounds
    for host in hosts.keys.sorted() { update(host) { _ in } }
    return serve()
  }

  // MARK: places

  private func mayRun(_ host: String?) -> Bool {
    running < bounds.maxTransfers && host.flatMap { hosts[$0]?.running } ?? 0 < bounds.maxTransfersPerHost
  }

  private func mayWait(_ host: String?) -> Bool {
    queued < bounds.maxQueued && host.flatMap { hosts[$0]?.queued } ?? 0 < bounds.maxQueuedPerHost
  }

  private mutating func release(_ claim: Claim) {
    if claim.runs {
      running -= 1
      update(claim.host) { $0.running -= 1 }
    } else {
      queued -= 1
      update(claim.host) { $0.claimed -= 1 }
    }
  }

  /// Lets those run for whom there is room now.
  private mutating func serve() -> [Ticket] {
    var served: [Ticket] = []
    while running < bounds.maxTransfers, let host = turns.first {
      turns.removeFirst()
      running += 1
      queued -= 1
      update(host) {
        $0.hasTurn = false
        served.append($0.waiting.removeFirst())
        $0.running += 1
      }
    }
    return served
  }

  /// Changes a host's numbers, and with them its standing: it has a turn as long as one waits there and could run.
  private mutating func update(_ name: String?, _ change: (inout Host) -> Void) {
    guard let name else { return }
    var host = hosts.removeValue(forKey: name) ?? Host()
    change(&host)
    let hasTurn = !host.waiting.isEmpty && host.running < bounds.maxTransfersPerHost
    if hasTurn != host.hasTurn {
      if hasTurn { turns.append(name) } else { turns.removeAll { $0 == name } }
      host.hasTurn = hasTurn
    }
    if !host.isGone { hosts[name] = host }
  }
}
