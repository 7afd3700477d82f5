package import Chat
import SQL

/// Turns and their chunks.
package struct TurnStore: Sendable {
  private let database: Database

  package init(_ database: Database) { self.database = database }

  /// A turn's row.
  package struct Row: Sendable {
    package let identity: ID
    package let conversation: ID
    package let surface: ID
    package let userMessage: ID
    /// The answer's.
    package let message: ID
    package let epoch: Int
    /// Count of chunks; nil while it streams.
    package let chunks: Int?
    /// Nil while it streams.
    package let terminal: Terminal?
    /// The answer has text, which is in the conversation.
    package let answered: Bool
    /// Older than the log is kept: only the message is left.
    package let compacted: Bool
    /// Its conversation was deleted: nothing of what was said is left.
    package let purged: Bool
    /// It is cancelled when nobody reads it for so many milliseconds; nil: it is not.
    package let abandonAfter: Int?
  }

  /// Nil if there is no such turn.
  package func read(_ turn: ID) async throws(StoreError) -> Row? {
    let rows = try await database.run([Query(.turnRead, .id(turn))])[0]
    guard let identity = rows.id(0, 0), let conversation = rows.id(0, 1), let surface = rows.id(0, 2),
      let message = rows.id(0, 3), let userMessage = rows.id(0, 18),
      let state = rows.string(0, 4).flatMap(TurnState.init), let epoch = rows.int(0, 5)
    else { return nil }
    var terminal: Terminal?
    if state.isTerminal {
      terminal = Terminal(
        state: state, finishReason: rows.string(0, 7).flatMap(FinishReason.init), usage: Usage(rows, 11, estimated: 20),
        error: rows.string(0, 8).map {
          TurnError(code: $0, message: rows.string(0, 9) ?? "", retryable: rows.bool(0, 10) ?? false)
        })
    }
    return Row(
      identity: identity, conversation: conversation, surface: surface, userMessage: userMessage,
      message: message, epoch: epoch,
      chunks: rows.int(0, 6), terminal: terminal, answered: rows.bool(0, 15) ?? false,
      compacted: rows.bool(0, 16) ?? false, purged: rows.bool(0, 17) ?? false,
      abandonAfter: rows.int(0, 19))
  }

  /// The next chunks after `offset`, in order; at most 512 of them, about as many as a reply holds.
  package func chunks(of turn: ID, after cursor: Cursor) async throws(StoreError) -> [(sequence: Int, events: [UInt8])]
  {
    let rows = try await database.run([
      Query(.turnChunks, .id(turn), .int(cursor.epoch), .int(cursor.offset), .int(Int(turn.slot)))
    ])[0]
    return (0..<rows.count).map { (rows.int($0, 0) ?? 0, rows.utf8($0, 1) ?? []) }
  }

  /// The text of the answer; nil if there is none.
  package func answer(of turn: ID) async throws(StoreError) -> [UInt8]? {
    try await database.run([Query(.turnMessage, .id(turn))])[0].utf8(0, 0)
  }

  /// Asks the owner, whichever node it is, to cancel. False if the turn is not live or not this identity's.
  package func requestCancel(_ turn: ID, identity: ID) async throws(StoreError) -> Bool {
    try await !database.run([Query(.turnCancel, .id(turn), .id(identity))])[0].isEmpty
  }

  /// Live turns of this incarnation that are to be cancelled.
  package func cancels(
    for incarnation: ID, completion: @escaping @Sendable (Result<[ID], StoreError>) -> Void
  ) {
    database.submit([Query(.turnCancels, .id(incarnation))]) { result in
      completion(result.map { rows in (0..<rows[0].count).compactMap { rows[0].id($0, 0) } })
    }
  }

  /// These live turns have readers on this node.
  package func noteReaders(
    of turns: [ID], completion: @escaping @Sendable (Result<Void, StoreError>) -> Void
  ) {
    database.submit([Query(.turnNoteReaders, .ids(turns))]) { completion($0.map { _ in }) }
  }

  /// Asks for the end of those of this incarnation's turns that nobody has read on another node, for their limit and
  /// `slack` milliseconds; returns them.
  package func abandon(
    _ turns: [ID], of incarnation: ID, slack: Int, completion: @escaping @Sendable (Result<[ID], StoreError>) -> Void
  ) {
    database.submit([Query(.turnAbandon, .ids(turns), .id(incarnation), .int(slack))]) { result in
      completion(result.map { rows in (0..<rows[0].count).compactMap { rows[0].id($0, 0) } })
    }
  }

  /// The places in the list of those turns of which no further chunk will be found in their cursor's epoch.
  package func moved(
    _ watched: [(turn: ID, cursor: Cursor)], completion: @escaping @Sendable (Result<[Int], StoreError>) -> Void
  ) {
    let query = Query(
      .turnMoved, .ids(watched.map(\.turn)), .int4Array(watched.map { Int32($0.cursor.epoch) }),
      .int2Array(watched.map { $0.turn.slot }))
    database.submit([query]) { result in
      completion(result.map { rows in (0..<rows[0].count).compactMap { rows[0].int($0, 0) } })
    }
  }

  /// One chunk of a watched turn; `place` is the turn's in the list that was asked for.
  package struct TailChunk: Sendable {
    package let place: Int
    package let sequence: Int
    package let isFinal: Bool
    package let events: [UInt8]
  }

  /// The next chunks of all these turns, in order.
  package func tail(
    _ watched: [(turn: ID, cursor: Cursor)], completion: @escaping @Sendable (Result<[TailChunk], StoreError>) -> Void
  ) {
    let query = Query(
      .turnTail, .ids(watched.map(\.turn)), .int4Array(watched.map { Int32($0.cursor.epoch) }),
      .int4Array(watched.map { Int32($0.cursor.offset) }), .int2Array(watched.map { $0.turn.slot }))
    database.submit([query]) { result in
      completion(
        result.map { all in
          let rows = all[0]
          return (0..<rows.count).map { row in
            TailChunk(
              place: rows.int(row, 0) ?? 0, sequence: rows.int(row, 1) ?? 0, isFinal: rows.bool(row, 2) ?? false,
              events: rows.utf8(row, 3) ?? [])
          }
        })
    }
  }
}

extension Usage {
  /// From four columns beginning at `column`, and one at `estimated`; nil if the first is NULL.
  fileprivate init?(_ rows: Rows, _ column: Int, estimated: Int) {
    guard let input = rows.int(0, column) else { return nil }
    self.init(
      inputTokens: input, outputTokens: rows.int(0, column + 1) ?? 0, cachedTokens: rows.int(0, column + 2),
      reasoningTokens: rows.int(0, column + 3), isEstimated: rows.bool(0, estimated) ?? false)
  }
}
