package import Chat
import SQL

/// Turns as operators look at them.
package struct AdminTurns: Sendable {
  private let database: Database

  package init(_ database: Database) { self.database = database }

  /// Which turns.
  package enum Among: Sendable {
    case recent
    case live
    /// By their own id.
    case turn(ClosedRange<ID>)
    case conversation(ID)
    case identity(ID)
  }

  /// What an id can belong to.
  package enum Owner: String, Sendable { case conversation, identity }

  /// The most rows that can be asked for.
  package static let limit = 1_000

  /// How many of the newest turns are looked at for `recent` ones in a state: it may be a rare one.
  package static let depth = 100_000

  /// The newest first. `state` does not count for `live` and `turn`.
  package func rows(
    _ among: Among, state: TurnState? = nil, limit: Int = limit
  ) async throws(StoreError) -> [AdminRow] {
    let (way, range): (String, ClosedRange<ID>?) =
      switch among {
      case .recent: ("recent", nil)
      case .live: ("live", nil)
      case .turn(let range): ("turn", range)
      case .conversation(let id): (Owner.conversation.rawValue, id...id)
      case .identity(let id): (Owner.identity.rawValue, id...id)
      }
    let query = Query(
      .adminTurns, .text(way), .id(range?.lowerBound), .id(range?.upperBound), .text(state?.rawValue), .int(limit),
      .int(Self.depth))
    return try AdminStore.rows(await database.run([query])[0])
  }

  /// The ids in a range, two at most.
  package func find(_ owner: Owner, in range: ClosedRange<ID>) async throws(StoreError) -> [ID] {
    let rows = try await database.run([
      Query(.adminFind, .text(owner.rawValue), .id(range.lowerBound), .id(range.upperBound))
    ])[0]
    return (0..<rows.count).compactMap { rows.id($0, 0) }
  }

  /// What was said: `metadata`, `user_message`, `message` and `text`, the log's; nil if there is no such turn.
  package func content(of turn: ID) async throws(StoreError) -> AdminRow? {
    try AdminStore.rows(await database.run([Query(.adminTurnContent, .id(turn))])[0]).first
  }

  /// Asks the owner to cancel; false if the turn is not live.
  package func cancel(_ turn: ID) async throws(StoreError) -> Bool {
    try await database.run([Query(.adminTurnCancel, .id(turn))])[0].affected > 0
  }
}
