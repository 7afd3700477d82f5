package import Chat
import SQL

/// Turns of dead nodes that are begun anew: two statements, one transaction, one round trip.
package struct AdoptionStore: Sendable {
  private let database: Database

  /// How often a turn is begun anew; the statements say the same.
  private static let mostRestarts = 2

  package init(_ database: Database) { self.database = database }

  /// A live turn whose node was voided, and that another one may begin anew.
  package struct Orphan: Sendable {
    package let turn: ID
    package let epoch: Int
    package let surface: ID
    package let model: String
  }

  /// At most `limit` of them, the eldest first.
  package func orphans(limit: Int) async throws(StoreError) -> [Orphan] {
    let rows = try await database.run([Query(.turnOrphans, .int(limit))])[0]
    return (0..<rows.count).compactMap { row in
      guard let turn = rows.id(row, 0), let epoch = rows.int(row, 1), let surface = rows.id(row, 2) else { return nil }
      return Orphan(turn: turn, epoch: epoch, surface: surface, model: rows.string(row, 3) ?? "")
    }
  }

  /// A turn that is this node's from now on, in the epoch behind the one in which it was found.
  package struct Adopted: Sendable {
    package let conversation: ID
    package let identity: ID
    package let userMessage: ID
    /// The answer's.
    package let message: ID
    /// How often it has been begun anew, this time included.
    package let restarts: Int
    /// It may be begun anew once more, should this node die as well.
    package var mayRestart: Bool { restarts < AdoptionStore.mostRestarts }
    /// As virtual model and routes are now.
    package let plan: StartStore.Plan
    /// As a start has it.
    package let history: [StartStore.Message]
    /// What the client sent beside the message, a JSON object; nil if the conversation is the history.
    package let request: [UInt8]?
  }

  /// Takes a turn over. Nil if it is not to be had: another node was faster, somebody asked to cancel it, its model is
  /// gone, or this node is fenced. Repeats itself once if its outcome is unknown.
  package func adopt(_ orphan: Orphan, by incarnation: ID) async throws(StoreError) -> Adopted? {
    let queries = [
      Query(.turnAdopt, .id(incarnation), .id(orphan.turn), .int(orphan.epoch)),
      StartStore.history(of: orphan.turn, by: incarnation),
    ]
    let rows: [Rows]
    do {
      rows = try await database.run(queries)
    } catch {
      guard error.isOutcomeUnknown else { throw error }
      rows = try await database.run(queries)
    }
    let taken = rows[0]
    guard let conversation = taken.id(0, 0), let identity = taken.id(0, 1), let userMessage = taken.id(0, 2),
      let message = taken.id(0, 3), let plan = StartStore.Plan(taken)
    else { return nil }
    return Adopted(
      conversation: conversation, identity: identity, userMessage: userMessage, message: message,
      restarts: taken.int(0, 4) ?? 0, plan: plan, history: StartStore.messages(rows[1]),
      request: taken.utf8(0, 47))
  }
}
