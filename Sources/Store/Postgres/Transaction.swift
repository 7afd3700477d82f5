import EventLoop
import SQL

/// The queries between two Syncs, which PostgreSQL runs as one implicit transaction, and whom to tell.
struct Transaction: Sendable {
  typealias Completion = @Sendable (Result<[Rows], StoreError>) -> Void

  let queries: [Query]
  let completion: Completion
  /// Until when it may wait for a connection and, once sent, for its answer.
  var deadline: Instant

  /// Extended queries carry their number of parameters in 16 bits.
  private static let parameterLimit = 65_535

  /// Why it cannot be sent at all; nil if it can.
  var fault: StoreError? {
    if queries.isEmpty { return StoreError(.misuse, cause: "a transaction without a query") }
    for query in queries {
      if query.parameters.count > Self.parameterLimit {
        return StoreError(.misuse, cause: "too many parameters for \(query.statement.name)")
      }
      if query.parameters.contains(where: \.holdsZeroByte) {
        return StoreError(.refused(sqlstate: "22021", constraint: nil), cause: "a text holds U+0000")
      }
    }
    return nil
  }
}
