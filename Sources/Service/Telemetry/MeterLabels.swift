import Store

/// How a poll was answered.
enum PollOutcome: Int, MetricLabel {
  /// Without waiting.
  case immediate
  /// By news, after waiting.
  case woken
  /// By the end of its hold, without news.
  case holdOver
  /// By an error.
  case refused
  /// Not at all: the reader went away while it waited.
  case abandoned
}

/// How a stream ended.
enum StreamOutcome: Int, MetricLabel {
  /// With its turn.
  case ended
  /// By the server, to be opened again.
  case recycled
  /// By its reader, or because that took nothing.
  case gone
}

/// What became of a request to start a turn.
enum StartOutcome: Int, MetricLabel {
  case started
  /// Its key named a turn that was there.
  case repeated
  case refused
}

/// How a turn goes on whose provider has failed it.
enum RetryKind: Int, MetricLabel {
  /// Another route was tried.
  case elsewhere
  /// The turn waited to ask again.
  case waited
}

/// What became of a request to cancel.
enum CancelOutcome: Int, MetricLabel {
  case accepted
  /// The turn had ended before.
  case late
  case refused
}

/// How a turn left its owner.
enum TurnOutcome: Int, MetricLabel {
  case done, error, cancelled, interrupted
  /// Another node has ended it or may begin it anew, or its end cannot be written.
  case lost
}

/// What became of a wish to reserve more tokens.
enum ReservationOutcome: Int, MetricLabel {
  case granted
  /// Limits left less than was asked for.
  case short
}

/// A limit that refused a start.
enum LimitRule: Int, MetricLabel {
  case requestsPerMinute, concurrentTurns, tokensPerDay, tokensPerMonth, costPerDay, costPerMonth

  init(_ rule: StartStore.Limit.Rule) {
    self =
      switch rule {
      case .requestsPerMinute: .requestsPerMinute
      case .concurrentTurns: .concurrentTurns
      case .tokensPerDay: .tokensPerDay
      case .tokensPerMonth: .tokensPerMonth
      case .costPerDay: .costPerDay
      case .costPerMonth: .costPerMonth
      }
  }
}

/// What the provider's usage counts.
enum TokenKind: Int, MetricLabel {
  case input, output
  /// Those of the input that the provider had in its cache.
  case cached
  /// Those of the output that were reasoning.
  case reasoning
  /// Input and output of turns whose providers have not counted all of it: none of the others.
  case estimated
}

/// A bound that kept something from growing, where no part counts that by itself (`Telemetry.boundHits`).
enum Bound: Int, MetricLabel {
  /// `turn_limit`: a start was refused.
  case liveTurns
  /// A reader polled faster than it was told.
  case readerBudget
  /// An identity's polls or its lists reached the database faster than it bears.
  case identityBudget
  /// Pages of conversations wait for others to be read.
  case conversationPages
  /// A surface's new sessions in a minute.
  case newSessions
  /// Unknown surface keys looked up at once.
  case keyLookups
  /// JWTs that wait for their issuer's keys.
  case issuerKeys
  /// Revocations, or merged identities, remembered: the oldest are forgotten.
  case revocations
  /// Turns of other nodes followed at once.
  case mirroredTurns
  /// `stream_limit`: a stream was refused.
  case streams
  /// Streams of one identity.
  case identityStreams
  /// Bytes of a turn's log: the turn ended.
  case turnLog
  /// Bytes of the tool calls of an answer: the turn ended.
  case toolCalls
  /// Age of a turn: the turn ended.
  case turnAge
  /// Time without a reader: the turn was cancelled.
  case turnUnread
  /// Uncommitted bytes of a turn: its upstream was paused.
  case uncommittedBytes
  /// Tokens that a turn has reserved: its upstream was paused until there are more.
  case reservedTokens
  /// `concurrency_limit` of every route that a turn could still be asked on: it waits, or ends.
  case routeConcurrency
  /// `retry_budget_ms`: the turn ended rather than to wait longer.
  case retryBudget
  /// Routes that one turn is asked on: it ended.
  case turnAttempts
}

/// What was written again because its outcome was unknown.
enum FlushKind: Int, MetricLabel {
  case chunks
  /// The end of a turn.
  case end
}

/// The groups of connections to PostgreSQL.
enum DatabasePool: Int, MetricLabel {
  /// For all that is not below.
  case common
  /// For the flusher alone.
  case flusher
  /// For the lease alone.
  case lease
}

/// Why a transaction failed, without what PostgreSQL said.
enum DatabaseFailure: Int, MetricLabel {
  case unavailable, lost, refused, timeout, queueFull, misuse

  init(_ error: StoreError) {
    self =
      switch error.code {
      case .unavailable: .unavailable
      case .lost: .lost
      case .refused: .refused
      case .timeout: .timeout
      case .queueFull: .queueFull
      case .misuse: .misuse
      }
  }
}
