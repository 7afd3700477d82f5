package import Chat
import SQL

/// A chat start: four statements, one transaction, one round trip.
package struct StartStore: Sendable {
  private let database: Database

  package init(_ database: Database) { self.database = database }

  /// What is to be started. All ids were made before, so it can be repeated.
  package struct Start: Sendable {
    package var incarnation: ID
    package var identity: ID
    package var surface: ID
    /// A virtual model's name; nil for the surface's default.
    package var model: String?
    package var conversation: ID
    package var isNewConversation: Bool
    /// What the message follows.
    package var after: After
    package var turn: ID
    package var userMessage: ID
    package var assistantMessage: ID
    /// The user's message as JSON parts.
    package var parts: [UInt8]
    /// What the message is taken for, as `TokenEstimate` has it.
    package var estimatedTokens: Int
    /// A JSON object.
    package var metadata: [UInt8]
    /// What the client sent beside the message, a JSON object, if the turn does not go on with a conversation.
    package var request: [UInt8]?
    /// That request offers tools, or goes on with calls of them.
    package var speaksOfTools: Bool
    /// Names of the tools that it offers.
    package var tools: [String]
    /// Idempotency-Key and the SHA-256 of the body it goes with.
    package var key: (name: String, bodyHash: [UInt8])?

    package init(
      incarnation: ID, identity: ID, surface: ID, model: String?, conversation: ID, isNewConversation: Bool,
      after: After, turn: ID, userMessage: ID, assistantMessage: ID, parts: [UInt8], estimatedTokens: Int,
      metadata: [UInt8], request: [UInt8]? = nil, speaksOfTools: Bool = false,
      tools: [String] = [], key: (name: String, bodyHash: [UInt8])?
    ) {
      self.incarnation = incarnation
      self.identity = identity
      self.surface = surface
      self.model = model
      self.conversation = conversation
      self.isNewConversation = isNewConversation
      self.after = after
      self.turn = turn
      self.userMessage = userMessage
      self.assistantMessage = assistantMessage
      self.parts = parts
      self.estimatedTokens = estimatedTokens
      self.metadata = metadata
      self.request = request
      self.speaksOfTools = speaksOfTools
      self.tools = tools
      self.key = key
    }
  }

  /// Where a message stands in its conversation, which is a tree.
  package enum After: Sendable, Equatable {
    /// After the newest message of the conversation.
    case newest
    /// After none: it begins a branch of its own.
    case root
    case message(ID)
  }

  package struct Message: Sendable, Equatable {
    package let role: String
    /// JSON array.
    package let parts: [UInt8]
  }

  package enum Outcome: Sendable {
    /// The turn is in the database; `history` begins with a user's message, the oldest that the model's limits allow,
    /// and ends with the new one.
    case started(Plan, history: [Message], Allowance)
    /// The key belongs to this turn already. `sameBody` false: it was used for something else.
    case repeated(turn: ID, sameBody: Bool)
    /// The conversation has a live turn; nil if that has ended meanwhile.
    case busy(turn: ID?)
    /// No such conversation, or not this identity's.
    case noConversation
    /// `after` names no message of this conversation.
    case noMessage
    /// The message alone is longer than the virtual model allows.
    case tooLong
    /// Tools were offered to a virtual model that knows none.
    case noTools
    /// A tool was offered that no role of the identity grants.
    case toolRefused
    /// A limit is reached.
    case limited(Limit)
    /// No such virtual model, it is disabled, it has no enabled route, or no role of the identity grants it.
    case noModel
    /// This node's lease has lapsed or was voided.
    case fenced
    /// The identity is gone, was merged into another one, or erased.
    case noIdentity
  }

  /// What is left of the limits that a start meets; of several of one kind, of the one of which least is left.
  package struct Allowance: Sendable, Equatable {
    package struct Item: Sendable, Equatable {
      package let limit: Int
      package let remaining: Int
      /// Seconds until all of it is there again.
      package let reset: Int

      package init(limit: Int, remaining: Int, reset: Int) {
        self.limit = limit
        self.remaining = remaining
        self.reset = reset
      }
    }

    /// Of starts in this minute; nil: no limit.
    package let requests: Item?
    /// Of tokens in this day or month; nil: no limit.
    package let tokens: Item?

    package init(requests: Item?, tokens: Item?) {
      self.requests = requests
      self.tokens = tokens
    }
  }

  /// A limit that is reached.
  package struct Limit: Sendable, Equatable {
    package enum Rule: String, Sendable, CaseIterable {
      case requestsPerMinute = "requests_per_minute"
      case concurrentTurns = "concurrent_turns"
      case tokensPerDay = "tokens_per_day"
      case tokensPerMonth = "tokens_per_month"
      case costPerDay = "cost_per_day"
      case costPerMonth = "cost_per_month"
    }

    package let rule: Rule
    /// identity, surface, role or model.
    package let subject: String
    /// Seconds until it is less full by itself; 0: perhaps as soon as a turn ends.
    package let seconds: Int
    package let allowance: Allowance
    /// Nobody is to wait for it.
    package var lasts: Bool { seconds > 60 }
  }

  /// The parts of a history's messages are at most this many bytes of JSON, the new message aside.
  private static let historyBytes = 16 << 20

  /// What goes to the provider of a live turn.
  static func history(of turn: ID, by incarnation: ID) -> Query {
    Query(
      .startHistory, .id(turn), .int(TokenEstimate.bytesOfText), .int(TokenEstimate.image), .int(historyBytes),
      .id(incarnation))
  }

  /// The messages of that query's rows, oldest first.
  static func messages(_ rows: Rows) -> [Message] {
    (0..<rows.count).reversed().map { Message(role: rows.string($0, 0) ?? "", parts: rows.utf8($0, 1) ?? []) }
  }

  /// Repeats the start once if its outcome is unknown.
  package func start(_ start: Start) async throws(StoreError) -> Outcome {
    var queries = [
      Query(
        .startTake, .id(start.incarnation), .id(start.identity), .id(start.surface), .text(start.model),
        .id(start.conversation), .bool(start.isNewConversation), .id(start.turn),
        .int(start.estimatedTokens), .id(start.after.message), .bool(start.speaksOfTools),
        .textArray(start.tools.map { Array($0.utf8) }), .int(Turn.tokensAtATime))
    ]
    if let key = start.key {
      queries.append(
        Query(
          .startIdempotency, .id(start.identity), .text(key.name), .id(start.turn), .bytes(key.bodyHash),
          .id(start.conversation)))
    }
    queries.append(
      Query(
        .startTurn, .id(start.turn), .id(start.conversation), .id(start.identity), .id(start.surface),
        .id(start.userMessage), .utf8(start.parts), .id(start.assistantMessage), .id(start.incarnation),
        .text(start.model), .utf8(start.metadata), .bool(start.after == .root), .id(start.after.message),
        .utf8(start.request)))
    queries.append(Self.history(of: start.turn, by: start.incarnation))
    let outcome: Outcome
    do {
      let rows = try await runTwice(queries)
      outcome = try await self.outcome(of: start, taken: rows[0], history: rows[rows.count - 1])
    } catch {
      if error.constraint == "conversation_identity_id_fkey" { return .noIdentity }
      // The key is there already, which rolled everything back.
      guard error.constraint == "idempotency_pkey", let former = try await former(of: start) else { throw error }
      guard case .repeated(let turn, _) = former, turn == start.turn else { return former }
      return try await resumed(start, queries)
    }
    switch outcome {
    case .started, .repeated, .fenced, .noIdentity: return outcome
    // A refused start may be the repetition of one that succeeded: the conversation is busy with that very turn.
    case .busy, .noConversation, .noMessage, .tooLong, .noTools, .toolRefused, .limited, .noModel:
      return try await former(of: start) ?? outcome
    }
  }

  /// What this start would be answered with although nothing new may be started: the turn of its key, or the live one of
  /// its conversation. Nil if it would be new.
  package func known(_ start: Start) async throws(StoreError) -> Outcome? {
    if let former = try await former(of: start) { return former }
    if start.isNewConversation { return nil }
    let live = try await database.run([Query(.conversationLive, .id(start.conversation), .id(start.identity))])[0]
    return live.id(0, 0).map { .busy(turn: $0) }
  }

  /// The turn this start's key belongs to; nil if there is no key, or it is new.
  private func former(of start: Start) async throws(StoreError) -> Outcome? {
    guard let key = start.key else { return nil }
    let found = try await database.run([
      Query(.idempotencyFind, .id(start.identity), .text(key.name), .bytes(key.bodyHash))
    ])[0]
    return found.id(0, 0).map { .repeated(turn: $0, sameBody: found.bool(0, 1) ?? false) }
  }

  private func runTwice(_ queries: [Query]) async throws(StoreError) -> [Rows] {
    do {
      return try await database.run(queries)
    } catch {
      guard error.isOutcomeUnknown else { throw error }
      return try await database.run(queries)
    }
  }

  /// The first attempt was committed although its answer was lost: the same without the key.
  private func resumed(_ start: Start, _ queries: [Query]) async throws(StoreError) -> Outcome {
    let rows = try await database.run(queries.filter { $0.statement != .startIdempotency })
    return try await outcome(of: start, taken: rows[0], history: rows[rows.count - 1])
  }

  private func outcome(of start: Start, taken: Rows, history: Rows) async throws(StoreError) -> Outcome {
    guard taken.int(0, 0) == 1 else { return .fenced }
    guard taken.bool(0, 47) == true else { return .noIdentity }
    if !start.isNewConversation, taken.bool(0, 2) != true { return .noConversation }
    guard let plan = Plan(taken) else { return .noModel }
    if taken.bool(0, 3) != true { return .noMessage }
    if taken.bool(0, 4) != true { return .tooLong }
    if start.speaksOfTools, !plan.usesTools { return .noTools }
    if taken.bool(0, 48) != true { return .toolRefused }
    let allowance = Allowance(taken)
    if let rule = taken.string(0, 49).flatMap(Limit.Rule.init) {
      return .limited(
        Limit(rule: rule, subject: taken.string(0, 50) ?? "", seconds: taken.int(0, 51) ?? 0, allowance: allowance))
    }
    guard taken.int(0, 1) == 1 else {
      let live = try await database.run([Query(.conversationLive, .id(start.conversation), .id(start.identity))])[0]
      return .busy(turn: live.id(0, 0))
    }
    if history.isEmpty { return .busy(turn: nil) }
    return .started(plan, history: Self.messages(history), allowance)
  }
}

extension StartStore.Allowance {
  /// From the columns of `start_take`.
  fileprivate init(_ rows: Rows) {
    self.init(requests: Item(rows, 52), tokens: Item(rows, 55))
  }
}

extension StartStore.Allowance.Item {
  fileprivate init?(_ rows: Rows, _ column: Int) {
    guard let limit = rows.int(0, column) else { return nil }
    self.init(limit: limit, remaining: rows.int(0, column + 1) ?? 0, reset: rows.int(0, column + 2) ?? 0)
  }
}

extension StartStore.After {
  fileprivate var message: ID? { if case .message(let id) = self { id } else { nil } }
}
