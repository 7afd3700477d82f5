import Chat
import Store

/// Everything that is counted while the service works. What parts of it know anyhow is not counted here but read from
/// them when somebody asks; `MetricsPage` shows both and says what each number means.
///
/// Counting takes no lock and allocates nothing; only the two tables of codes are looked up in.
final class Meters: Sendable {
  let lanes: Lanes

  let starts: LabelledCounter<StartOutcome>
  let polls: LabelledCounter<PollOutcome>
  let streams: LabelledCounter<StreamOutcome>
  let cancels: LabelledCounter<CancelOutcome>
  let sessions: Counter
  let webTokenFaults: LabelledCounter<WebTokenFault>
  let keyReadings: LabelledCounter<KeyReading>
  let refusals: CodeCounter
  let bounds: LabelledCounter<Bound>

  let limits: LabelledCounter<LimitRule>
  let reservations: LabelledCounter<ReservationOutcome>

  let adoptions: Counter
  let turnsEnded: LabelledCounter<TurnOutcome>
  let turnErrors: CodeCounter
  let retries: LabelledCounter<RetryKind>
  let textDeltas: Counter
  let textBytes: Counter
  let modelTokens: LabelledCounter<TokenKind>
  let firstText: Histogram
  let textGaps: Histogram

  let flushRows: Histogram
  let flushBytes: Histogram
  let flushDuration: Histogram
  let endDuration: Histogram
  let flushRetries: LabelledCounter<FlushKind>

  let expired: Counter

  let databases: [DatabaseMeter]

  init(lanes: Lanes) {
    self.lanes = lanes
    starts = LabelledCounter(lanes)
    polls = LabelledCounter(lanes)
    streams = LabelledCounter(lanes)
    cancels = LabelledCounter(lanes)
    sessions = Counter(lanes)
    webTokenFaults = LabelledCounter(lanes)
    keyReadings = LabelledCounter(lanes)
    refusals = CodeCounter(lanes, codes: Codes.refusals)
    bounds = LabelledCounter(lanes)
    limits = LabelledCounter(lanes)
    reservations = LabelledCounter(lanes)
    adoptions = Counter(lanes)
    turnsEnded = LabelledCounter(lanes)
    turnErrors = CodeCounter(lanes, codes: Codes.turns)
    retries = LabelledCounter(lanes)
    textDeltas = Counter(lanes)
    textBytes = Counter(lanes)
    modelTokens = LabelledCounter(lanes)
    firstText = Histogram(lanes, .durations)
    textGaps = Histogram(lanes, .durations)
    flushRows = Histogram(lanes, .rows)
    flushBytes = Histogram(lanes, .bytes)
    flushDuration = Histogram(lanes, .durations)
    endDuration = Histogram(lanes, .durations)
    flushRetries = LabelledCounter(lanes)
    expired = Counter(lanes)
    databases = DatabasePool.allCases.map { _ in DatabaseMeter(lanes) }
  }

  /// The calling thread's lane.
  var lane: Lane { lanes.current }

  func refused(_ code: Refusal.Code) { refusals.add(code.rawValue, in: lane) }

  func hit(_ bound: Bound) { bounds.add(bound, in: lane) }

  /// An own turn has ended; nil: it was lost.
  func ended(_ terminal: Terminal?) {
    let lane = lane
    turnsEnded.add(TurnOutcome(terminal), in: lane)
    if let error = terminal?.error {
      turnErrors.add(error.code, in: lane)
      if error == .tooLong { bounds.add(.turnLog, in: lane) }
      if error == .toolCallTooLong { bounds.add(.toolCalls, in: lane) }
      if error == .timedOut { bounds.add(.turnAge, in: lane) }
    }
    if let usage = terminal?.usage, usage.isEstimated {
      modelTokens.add(.estimated, max(0, usage.inputTokens) &+ max(0, usage.outputTokens), in: lane)
    } else if let usage = terminal?.usage {
      modelTokens.add(.input, max(0, usage.inputTokens), in: lane)
      modelTokens.add(.output, max(0, usage.outputTokens), in: lane)
      modelTokens.add(.cached, max(0, usage.cachedTokens ?? 0), in: lane)
      modelTokens.add(.reasoning, max(0, usage.reasoningTokens ?? 0), in: lane)
    }
  }

  /// What a pool of connections is to tell of each transaction.
  func observer(of pool: DatabasePool) -> @Sendable (UInt64, StoreError?) -> Void {
    { [lanes, meter = databases[pool.rawValue]] nanoseconds, failure in
      let lane = lanes.current
      meter.duration.observe(nanoseconds, in: lane)
      if let failure { meter.failures.add(DatabaseFailure(failure), in: lane) }
    }
  }
}

/// What is counted of one pool of connections.
struct DatabaseMeter: Sendable {
  let duration: Histogram
  let failures: LabelledCounter<DatabaseFailure>

  init(_ lanes: Lanes) {
    duration = Histogram(lanes, .durations)
    failures = LabelledCounter(lanes)
  }
}

extension TurnOutcome {
  /// Nil: the turn was lost.
  init(_ terminal: Terminal?) {
    self =
      switch terminal?.state {
      case .done: .done
      case .error: .error
      case .cancelled: .cancelled
      case .interrupted: .interrupted
      case .streaming, nil: .lost
      }
  }
}
