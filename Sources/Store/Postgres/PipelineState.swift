import EventLoop
import SQL

/// What is in flight on one connection, in its order. Pure: replies go in, what to do comes out.
///
/// A statement is prepared in a segment of its own, before the Sync that ends it, so that neither can an error in a
/// transaction skip the preparation, nor a failed preparation spoil more than the transactions that use it.
struct PipelineState {
  /// What libpq reports, one for each query or preparation and one for each Sync.
  enum Reply {
    case rows(Rows)
    case failed(StoreError)
    /// Not run, because of an error before it.
    case skipped
    case sync
  }

  enum Action {
    case none
    case complete(Transaction, Result<[Rows], StoreError>)
  }

  private enum Segment {
    case preparation(Statement, deadline: Instant)
    case transaction(Transaction)
  }

  private let prepares: Bool
  private var segments: FIFO<Segment> = FIFO()
  /// Of the first segment, so far.
  private var rows: [Rows] = []
  private var failure: StoreError?
  /// Prepared, or about to be by a segment in flight.
  private var prepared: Set<String> = []
  /// Why a preparation failed, for the transactions behind it, which only see an unknown name.
  private var unprepared: [String: StoreError] = [:]
  /// How many transactions are in flight.
  private(set) var count = 0
  /// True once the server's prepared statements are no longer what we think: finish what is in flight, then reconnect.
  private(set) var isWornOut = false

  init(prepares: Bool) { self.prepares = prepares }

  var isIdle: Bool { segments.isEmpty }

  /// When the first segment in flight must be answered; nil if none is.
  var deadline: Instant? {
    switch segments.first {
    case .transaction(let transaction): transaction.deadline
    case .preparation(_, let deadline): deadline
    case nil: nil
    }
  }

  /// Puts a transaction in flight. Returns the statements to prepare first, each followed by a Sync of its own.
  mutating func begin(_ transaction: Transaction) -> [Statement] {
    var missing: [Statement] = []
    if prepares {
      for query in transaction.queries where prepared.insert(query.statement.name).inserted {
        missing.append(query.statement)
        segments.append(.preparation(query.statement, deadline: transaction.deadline))
      }
    }
    segments.append(.transaction(transaction))
    count += 1
    return missing
  }

  mutating func received(_ reply: Reply) -> Action {
    switch reply {
    case .rows(let result): rows.append(result)
    case .failed(let error): failure = failure ?? error
    case .skipped: break
    case .sync: return endSegment()
    }
    return .none
  }

  private mutating func endSegment() -> Action {
    defer {
      rows = []
      failure = nil
    }
    switch segments.popFirst() {
    case nil: return .none
    case .preparation(let statement, _):
      unprepared[statement.name] = failure
      if failure != nil { prepared.remove(statement.name) }
      return .none
    case .transaction(let transaction):
      count -= 1
      guard let failure else { return .complete(transaction, .success(rows)) }
      return .complete(transaction, .failure(explain(failure, in: transaction)))
    }
  }

  /// The failed preparation behind an unknown name, else the error itself, which may show that the connection is worn out.
  private mutating func explain(_ error: StoreError, in transaction: Transaction) -> StoreError {
    let unknownName = error.sqlstate == "26000"
    let planHasChanged = error.sqlstate == "0A000"  // "cached plan must not change result type", after a DBA's DDL
    guard prepares, unknownName || planHasChanged else { return error }
    if rows.count < transaction.queries.count,
      let cause = unprepared[transaction.queries[rows.count].statement.name]
    {
      return cause
    }
    isWornOut = true
    return error
  }

  /// The connection is gone: everything in flight, each once, with what became of it. Starts over for the next connection.
  mutating func abandon(_ reason: StoreError, now: Instant) -> [(transaction: Transaction, error: StoreError)] {
    var ended: [(transaction: Transaction, error: StoreError)] = []
    // An error before the Sync has already rolled the first one back, whatever happened to the connection since.
    var known = failure.flatMap { $0.isOutcomeUnknown ? nil : $0 }
    while let segment = segments.popFirst() {
      if case .transaction(let transaction) = segment {
        let late = transaction.deadline <= now
        let error = late ? StoreError(.timeout, cause: "deadline passed") : reason
        ended.append((transaction, known ?? error))
      }
      known = nil
    }
    self = PipelineState(prepares: prepares)
    return ended
  }
}
