package import Chat
import SQL

/// An identity's conversations and what was said in them. What is not this identity's is absent.
package struct ConversationStore: Sendable {
  private let database: Database

  package init(_ database: Database) { self.database = database }

  /// A message that takes more bytes than this gives its conversation no title: every list would read it.
  private static let titleSource = 64 << 10
  /// A page of messages is at most this many bytes of parts, or one message.
  private static let pageBytes = 4 << 20

  /// A conversation in a list.
  package struct Summary: Sendable {
    package let id: ID
    /// Name of the surface where it began.
    package let surface: String
    /// Microseconds since 1970 (UTC), as `updatedAt`.
    package let createdAt: Int
    /// When its last turn began or ended.
    package let updatedAt: Int
    package let liveTurn: ID?
    /// The beginning of the user's first message on one line, at most 80 characters; nil without text, or if that
    /// message is too large to be read for it.
    package let title: String?

    package var position: TimelinePosition { TimelinePosition(microseconds: updatedAt, id: id) }
  }

  /// Up to `limit` conversations, those last active first, that were so before the one at `before`.
  package func list(
    identity: ID, before: TimelinePosition?, limit: Int
  ) async throws(StoreError) -> TimelinePage<Summary> {
    let rows = try await database.run([
      Query(
        .conversationList, .id(identity), .int(before?.microseconds), .id(before?.id), .int(limit + 1),
        .int(Self.titleSource))
    ])[0]
    let found = (0..<rows.count).compactMap { row -> Summary? in
      guard let id = rows.id(row, 0) else { return nil }
      return Summary(
        id: id, surface: rows.string(row, 1) ?? "", createdAt: rows.int(row, 2) ?? 0, updatedAt: rows.int(row, 3) ?? 0,
        liveTurn: rows.id(row, 4), title: rows.string(row, 5))
    }
    return TimelinePage(rows: Array(found.prefix(limit)), more: found.count > limit)
  }

  /// What one conversation is.
  package struct Facts: Sendable {
    /// Name of the surface where it began.
    package let surface: String
    /// Microseconds since 1970 (UTC), as `updatedAt`.
    package let createdAt: Int
    package let updatedAt: Int
    /// The turn that streams in it now, and its epoch.
    package let live: (turn: ID, epoch: Int)?
  }

  /// Nil if there is no such conversation.
  package func read(_ id: ID, identity: ID) async throws(StoreError) -> Facts? {
    let rows = try await database.run([Query(.conversationRead, .id(id), .id(identity))])[0]
    guard let surface = rows.string(0, 0) else { return nil }
    var live: (turn: ID, epoch: Int)?
    if let turn = rows.id(0, 3), let epoch = rows.int(0, 4) { live = (turn, epoch) }
    return Facts(surface: surface, createdAt: rows.int(0, 1) ?? 0, updatedAt: rows.int(0, 2) ?? 0, live: live)
  }

  package struct Message: Sendable {
    package let id: ID
    /// The message it follows; nil for a first one.
    package let parent: ID?
    /// user, assistant, system or tool.
    package let role: String
    /// JSON array.
    package let parts: [UInt8]
    /// Microseconds since 1970 (UTC).
    package let createdAt: Int
    /// The turn that brought it; nil if none did.
    package let turn: ID?
    /// How that turn stands.
    package let state: TurnState?
    package let finishReason: FinishReason?

    package var position: TimelinePosition { TimelinePosition(microseconds: createdAt, id: id) }
  }

  /// Up to `limit` messages of all branches, newest first, written before the one at `before`; fewer if they are large.
  package func messages(
    of id: ID, identity: ID, before: TimelinePosition?, limit: Int
  ) async throws(StoreError) -> TimelinePage<Message> {
    let rows = try await database.run([
      Query(
        .messageList, .id(id), .id(identity), .int(before?.microseconds), .id(before?.id), .int(limit),
        .int(Self.pageBytes))
    ])[0]
    let messages = (0..<rows.count).compactMap { row -> Message? in
      guard let id = rows.id(row, 0) else { return nil }
      return Message(
        id: id, parent: rows.id(row, 1), role: rows.string(row, 2) ?? "", parts: rows.utf8(row, 3) ?? [],
        createdAt: rows.int(row, 4) ?? 0, turn: rows.id(row, 5), state: rows.string(row, 6).flatMap(TurnState.init),
        finishReason: rows.string(row, 7).flatMap(FinishReason.init))
    }
    return TimelinePage(rows: messages, more: rows.bool(rows.count - 1, 8) ?? false)
  }

  package enum Deletion: Sendable, Equatable {
    /// Its messages, logs and keys are gone; of these turns only what reports show is left.
    case deleted(turns: [ID])
    /// Nothing was deleted: this turn is live.
    case busy(turn: ID)
    /// No such conversation.
    case absent
  }

  /// All or nothing. When it throws an unknown outcome it may be repeated; `absent` then means that it was done.
  package func delete(_ id: ID, identity: ID) async throws(StoreError) -> Deletion {
    let rows = try await database.run([
      Query(.conversationLock, .id(id), .id(identity)), Query(.conversationDelete, .id(id), .id(identity)),
    ])
    if rows[0].isEmpty { return .absent }
    if let turn = rows[0].id(0, 0) { return .busy(turn: turn) }
    return .deleted(turns: (0..<rows[1].count).compactMap { rows[1].id($0, 0) })
  }
}
