package import Chat
import SQL

/// What is kept of one person, to be handed out or erased. Each identity stands for those merged into it as well.
package struct PrivacyStore: Sendable {
  private let database: Database

  package init(_ database: Database) { self.database = database }

  /// One thing that is kept: a JSON object of `kind` and `item`, on one line.
  package struct Line: Sendable {
    package let json: [UInt8]
    /// Set if it is a conversation: what that holds is told by `contents`.
    package let conversation: ID?
  }

  /// All but what conversations hold. The audit says who asked.
  package func lines(of identity: ID) async throws(StoreError) -> [Line] {
    let rows = try await database.run([Query(.identityExport, .id(identity))])[0]
    return (0..<rows.count).map { Line(json: rows.utf8($0, 0) ?? [], conversation: rows.id($0, 1)) }
  }

  /// What one of its conversations holds: messages, turns, log, usage.
  package func contents(of conversation: ID, of identity: ID) async throws(StoreError) -> [Line] {
    let rows = try await database.run([Query(.conversationExport, .id(identity), .id(conversation))])[0]
    return (0..<rows.count).map { Line(json: rows.utf8($0, 0) ?? [], conversation: nil) }
  }

  package struct Erasure: Sendable {
    /// Deleted by this step.
    package let conversations: Int
    /// Turns that stream still: they are asked to end.
    package let live: Int
    package let isDone: Bool
  }

  /// A step of an erasure, of a second or so; the first bars the identity. To be repeated until it is done.
  package func erase(_ identity: ID) async throws(StoreError) -> Erasure {
    let rows = try await database.run([Query(.identityErase, .id(identity))])[0]
    return Erasure(
      conversations: rows.int(0, 0) ?? 0, live: rows.int(0, 1) ?? 0, isDone: rows.bool(0, 2) ?? false)
  }
}
