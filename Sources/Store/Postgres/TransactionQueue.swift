import EventLoop

/// Which connection takes which transaction, and who waits. Pure; `Database` keeps it under its lock.
struct TransactionQueue {
  /// One connection as seen from here.
  private struct Link {
    let loop: Int
    /// nil while not connected; else counts this connection's lives, so that what was handed to a former one comes back.
    var life: UInt64?
    var load = 0
  }

  enum Placement {
    case assigned(link: Int, life: UInt64)
    /// The first that waits: its deadline must be watched.
    case waitsFirst(Instant)
    case waits
    case refused(StoreError)
  }

  private let depth: Int
  private let bound: Int
  private var links: [Link]
  private var waiting: FIFO<Transaction> = FIFO()
  private var lives: UInt64 = 0
  private(set) var isClosed = false
  private(set) var lastFailure: StoreError?
  /// Since when there is no connection, once that was told.
  private var lostSince: Instant?

  /// `loops`: for each connection the index of its loop.
  init(loops: [Int], depth: Int, bound: Int) {
    self.depth = depth
    self.bound = bound
    links = loops.map { Link(loop: $0) }
  }

  var waitingCount: Int { waiting.count }
  var inFlight: Int { links.reduce(0) { $0 + $1.load } }
  var ready: Int { links.count { $0.life != nil } }
  /// Connections made since the beginning.
  var connects: UInt64 { lives }

  /// To the least loaded connection, among equals to one on `loop`, where the caller is.
  /// `again`: it comes back from a connection that had gone, so it goes before the others and is never refused as too many.
  mutating func place(_ transaction: Transaction, on loop: Int?, again: Bool = false) -> Placement {
    if isClosed { return .refused(StoreError(.unavailable, cause: "closed")) }
    if let link = leastLoaded(on: loop), let life = links[link].life {
      links[link].load += 1
      return .assigned(link: link, life: life)
    }
    if !again, waiting.count >= bound {
      return .refused(StoreError(.queueFull, cause: "\(bound) transactions wait"))
    }
    let first = waiting.isEmpty
    if again { waiting.prepend(transaction) } else { waiting.append(transaction) }
    return first ? .waitsFirst(transaction.deadline) : .waits
  }

  private func leastLoaded(on loop: Int?) -> Int? {
    var best: Int?
    for index in links.indices where links[index].life != nil && links[index].load < depth {
      guard let other = best else {
        best = index
        continue
      }
      let (a, b) = (links[index], links[other])
      if a.load < b.load || (a.load == b.load && a.loop == loop && b.loop != loop) { best = index }
    }
    return best
  }

  /// A connection is up. Returns its life, what has waited for it, and `.back` if it is the first again.
  mutating func connected(
    _ link: Int, at now: Instant
  ) -> (life: UInt64, transactions: [Transaction], reach: Database.Reach?) {
    lives += 1
    var taken: [Transaction] = []
    while taken.count < depth, let transaction = waiting.popFirst() { taken.append(transaction) }
    links[link].life = lives
    links[link].load = taken.count
    lastFailure = nil
    defer { lostSince = nil }
    return (lives, taken, lostSince.map { .back(after: now.milliseconds(since: $0)) })
  }

  /// It takes no more: it died, could not be made, or `renews` its statements. Returns `.lost` if there was a connection
  /// and now is none.
  mutating func disconnected(
    _ link: Int, _ reason: StoreError, renews: Bool = false, at now: Instant
  ) -> Database.Reach? {
    links[link].life = nil
    links[link].load = 0
    lastFailure = reason
    guard lives > 0, ready == 0, lostSince == nil, !renews, !isClosed else { return nil }
    lostSince = now
    return .lost(reason)
  }

  /// One of a connection's transactions has ended. Returns the next one for it.
  mutating func finished(_ link: Int, life: UInt64) -> Transaction? {
    guard links[link].life == life else { return nil }
    let next = waiting.popFirst()
    if next == nil { links[link].load -= 1 }
    return next
  }

  /// Those that have waited too long, and when to look again.
  mutating func expire(_ now: Instant) -> (transactions: [Transaction], next: Instant?) {
    var expired: [Transaction] = []
    while let first = waiting.first, first.deadline <= now, let transaction = waiting.popFirst() {
      expired.append(transaction)
    }
    return (expired, waiting.first?.deadline)
  }

  /// Takes nothing any more. Returns all that wait.
  mutating func close() -> [Transaction] {
    isClosed = true
    var left: [Transaction] = []
    while let transaction = waiting.popFirst() { left.append(transaction) }
    return left
  }
}
