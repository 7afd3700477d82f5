package import Chat
import SQL
import Wire

/// The flusher's writes. Each is frozen when it is made, so that it can be sent again byte for byte.
package struct FlushStore: Sendable {
  private let database: Database

  /// `database`: one of its own, on one connection.
  package init(_ database: Database) { self.database = database }

  /// A frozen write.
  package struct Write: Sendable {
    fileprivate let query: Query
    /// The state in which it leaves its turn; nil for chunks.
    fileprivate var state: TurnState?
  }

  package enum Verdict: Sendable {
    case written
    /// The node's row is voided or its lease has lapsed: nothing was written.
    case fenced
    /// The turn is not this node's to end any more.
    case notOurs
  }

  /// A chunk as it goes into its row.
  package struct Chunk: Sendable {
    package let turn: ID
    package let epoch: Int
    package let sequence: Int
    package let events: [UInt8]

    package init(turn: ID, epoch: Int, sequence: Int, events: [UInt8]) {
      self.turn = turn
      self.epoch = epoch
      self.sequence = sequence
      self.events = events
    }
  }

  /// Chunks of many turns in one statement.
  package func write(_ chunks: [Chunk], incarnation: ID) -> Write {
    Write(
      query: Query(
        .turnFlush, .id(incarnation), .ids(chunks.map(\.turn)), .int4Array(chunks.map { Int32($0.epoch) }),
        .int4Array(chunks.map { Int32($0.sequence) }), .int2Array(chunks.map { $0.turn.slot }),
        .textArray(chunks.map(\.events))))
  }

  /// How the providers were asked for a turn.
  package struct Asked: Sendable {
    /// The route tried last.
    package let route: ID
    /// A JSON object.
    package let json: [UInt8]

    package init(route: ID, json: [UInt8]) {
      self.route = route
      self.json = json
    }
  }

  /// The end of one turn: its last chunks, of which the last is the terminal one, and the message if it has text.
  package func finish(
    _ chunks: [Chunk], terminal: Terminal, answer: [UInt8], asked: Asked?, turn: ID, epoch: Int, incarnation: ID
  ) -> Write {
    func json(_ body: ((inout JSONWriter) -> Void)?) -> Parameter {
      guard let body else { return .null }
      var writer = JSONWriter()
      body(&writer)
      return .utf8(writer.bytes)
    }
    return Write(
      query: Query(
        .turnFinish, .id(incarnation), .id(turn), .int(epoch), .int(Int(turn.slot)),
        .int4Array(chunks.map { Int32($0.sequence) }), .textArray(chunks.map(\.events)),
        .text(terminal.state.rawValue), .text(terminal.finishReason?.rawValue),
        json(terminal.error.map { error in { error.write(to: &$0) } }),
        json(terminal.usage.map { usage in { usage.write(to: &$0) } }),
        answer.isEmpty ? .null : .utf8(answer), .id(asked?.route), asked.map { .utf8($0.json) } ?? .null),
      state: terminal.state)
  }

  /// Sends a write, for the first time or again.
  package func send(_ write: Write, completion: @escaping @Sendable (Result<Verdict, StoreError>) -> Void) {
    database.submit([write.query]) { result in
      completion(
        result.map { rows in
          guard rows[0].int(0, 0) == 1 else { return .fenced }
          guard let state = write.state else { return .written }
          // A repetition finds the turn as the first attempt left it.
          let endedNow = rows[0].int(0, 1) == 1
          return endedNow || rows[0].string(0, 2) == state.rawValue ? .written : .notOurs
        })
    }
  }
}
