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
    package var turn: ID
    package var userMessage: ID
    package var assistantMessage: ID
    /// The user's message as JSON parts.
    package var parts: [UInt8]
    /// A JSON object.
    package var metadata: [UInt8]
    /// Idempotency-Key and the SHA-256 of the body it goes with.
    package var key: (name: String, bodyHash: [UInt8])?

    package init(
      incarnation: ID, identity: ID, surface: ID, model: String?, conversation: ID, isNewConversation: Bool, turn: ID,
      userMessage: ID, assistantMessage: ID, parts: [UInt8], metadata: [UInt8], key: (name: String, bodyHash: [UInt8])?
    ) {
      self.incarnation = incarnation
      self.identity = identity
      self.surface = surface
      self.model = model
      self.conversation = conversation
      self.isNewConversation = isNewConversation
      self.turn = turn
      self.userMessage = userMessage
      self.assistantMessage = assistantMessage
      self.parts = parts
      self.metadata = metadata
      self.key = key
    }
  }

  /// The virtual model and its route as they stood when the turn began.
  package struct Plan: Sendable {
    package let model: String
    /// The provider is asked to stream.
    package let streams: Bool
    package let systemPrompt: String?
    /// JSON object.
    package let parameters: String
    package let durability: Turn.Durability
    /// hidden, progress or full.
    package let reasoning: String
    package let driver: String
    package let providerModel: String
    package let region: String
    /// JSON object.
    package let overrides: String
    package let connectTimeout: Int
    package let firstByteTimeout: Int
    package let idleTimeout: Int
    /// `env:NAME` or `file:PATH`; nil for a provider that asks for no credential.
    package let credential: String?
    package let managedDomain: String?
  }

  package struct Message: Sendable, Equatable {
    package let role: String
    package let text: String
  }

  package enum Outcome: Sendable {
    /// The turn is in the database; `history` begins with the oldest message and ends with the new one.
    case started(Plan, history: [Message])
    /// The key belongs to this turn already. `sameBody` false: it was used for something else.
    case repeated(turn: ID, sameBody: Bool)
    /// The conversation has a live turn; nil if that has ended meanwhile.
    case busy(turn: ID?)
    /// No such conversation, or not this identity's.
    case noConversation
    /// No such virtual model, it is disabled, or it has no enabled route.
    case noModel
    /// This node's lease has lapsed or was voided.
    case fenced
  }

  /// Repeats the start once if its outcome is unknown.
  package func start(_ start: Start) async throws(StoreError) -> Outcome {
    var queries = [
      Query(
        .startTake, .id(start.incarnation), .id(start.identity), .id(start.surface), .text(start.model),
        .id(start.conversation), .bool(start.isNewConversation), .id(start.turn))
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
        .text(start.model), .utf8(start.metadata)))
    queries.append(Query(.startHistory, .id(start.turn)))
    let outcome: Outcome
    do {
      let rows = try await runTwice(queries)
      outcome = try await self.outcome(of: start, taken: rows[0], history: rows[rows.count - 1])
    } catch {
      // The key is there already, which rolled everything back.
      guard error.constraint == "idempotency_pkey", let former = try await former(of: start) else { throw error }
      guard case .repeated(let turn, _) = former, turn == start.turn else { return former }
      return try await resumed(start, queries)
    }
    switch outcome {
    case .started, .repeated, .fenced: return outcome
    // A refused start may be the repetition of one that succeeded: the conversation is busy with that very turn.
    case .busy, .noConversation, .noModel: return try await former(of: start) ?? outcome
    }
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
    if !start.isNewConversation, taken.bool(0, 2) != true { return .noConversation }
    guard let plan = Plan(taken) else { return .noModel }
    guard taken.int(0, 1) == 1 else {
      let live = try await database.run([Query(.conversationLive, .id(start.conversation), .id(start.identity))])[0]
      return .busy(turn: live.id(0, 0))
    }
    if history.isEmpty { return .busy(turn: nil) }
    let messages = (0..<history.count).reversed().map { row in
      Message(role: history.string(row, 0) ?? "", text: history.string(row, 1) ?? "")
    }
    return .started(plan, history: messages)
  }
}

extension StartStore.Plan {
  /// From the columns of `start_take`; nil if there is no plan.
  fileprivate init?(_ rows: Rows) {
    guard let model = rows.string(0, 3), let driver = rows.string(0, 9), let providerModel = rows.string(0, 10),
      let region = rows.string(0, 11)
    else { return nil }
    self.model = model
    streams = rows.bool(0, 4) ?? true
    systemPrompt = rows.bool(0, 18) == true ? nil : rows.string(0, 5)
    parameters = rows.string(0, 6) ?? "{}"
    durability = rows.string(0, 7).flatMap(Turn.Durability.init) ?? .commit
    reasoning = rows.string(0, 8).map { $0 } ?? "hidden"
    self.driver = driver
    self.providerModel = providerModel
    self.region = region
    overrides = rows.string(0, 12) ?? "{}"
    connectTimeout = rows.int(0, 13) ?? 5_000
    firstByteTimeout = rows.int(0, 14) ?? 60_000
    idleTimeout = rows.int(0, 15) ?? 60_000
    credential = rows.string(0, 16)
    managedDomain = rows.string(0, 17)
  }
}
