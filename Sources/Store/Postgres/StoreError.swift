/// Why a transaction did not succeed: a stable code for callers, a cause for operators.
package struct StoreError: Error, Equatable, Sendable, CustomStringConvertible {
  package enum Code: Hashable, Sendable {
    /// No connection took it within the queue's time-out, or the database is closed. Nothing was sent.
    case unavailable
    /// The connection died with it in flight: it may or may not have been committed.
    case lost
    /// PostgreSQL refused it, and rolled all of it back.
    case refused(sqlstate: String, constraint: String?)
    /// No answer within the deadline; the connection was dropped. It may or may not have been committed.
    case timeout
    /// As many transactions wait as the settings allow. Nothing was sent.
    case queueFull
    /// The caller's mistake: an empty transaction, too many parameters, a malformed connection string. Nothing was sent.
    case misuse
  }

  package let code: Code
  /// The primary message of PostgreSQL or libpq. That of `refused` may repeat values: never to a client or a log.
  package let cause: String

  package init(_ code: Code, cause: String) {
    self.code = code
    self.cause = cause
  }

  /// From an error response. Classes 08 and 57P end the connection that they arrive on.
  init(sqlstate: String, constraint: String?, message: String) {
    let ends = sqlstate.hasPrefix("08") || sqlstate.hasPrefix("57P")
    self.init(ends ? .lost : .refused(sqlstate: sqlstate, constraint: constraint), cause: message)
  }

  /// True if it may have been committed: only a repetition or a look can tell.
  package var isOutcomeUnknown: Bool { code == .lost || code == .timeout }

  /// Five characters (PostgreSQL manual, appendix A); nil unless PostgreSQL refused.
  package var sqlstate: String? {
    if case .refused(let sqlstate, _) = code { sqlstate } else { nil }
  }

  /// The constraint that refused; nil if none did.
  package var constraint: String? {
    if case .refused(_, let constraint) = code { constraint } else { nil }
  }

  /// Safe to log: states what happened, and the cause only where it cannot hold a value.
  package var description: String {
    switch code {
    case .unavailable: "database unavailable: \(cause)"
    case .lost: "database connection lost: \(cause)"
    case .timeout: "no answer from the database in time"
    case .queueFull: "too many transactions wait for the database"
    case .misuse: "database misused: \(cause)"
    case .refused(let sqlstate, let constraint):
      "refused by the database (\(sqlstate)\(constraint.map { ", constraint \($0)" } ?? ""))"
    }
  }
}
