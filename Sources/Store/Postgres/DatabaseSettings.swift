/// Bounds and times of a `Database`. Times are in milliseconds.
package struct DatabaseSettings: Sendable {
  /// Connections, spread over the loops in turn.
  package var connections = 4
  /// Transactions in flight on one connection. 1 for the flusher, whose next write waits for the former.
  package var pipelineDepth = 64
  /// Transactions that may wait for a connection; past it `queueFull`.
  package var queueBound = 4096
  /// How long a transaction may wait for a connection; past it `unavailable`.
  package var queueTimeout = 5_000
  /// How long a connection may take to be established once its host's name is resolved.
  package var connectTimeout = 5_000
  /// How long an answer may take; past it the connection is dropped and the transaction ends with `timeout`.
  package var timeout = 15_000
  /// First and longest pause before a new attempt to connect.
  package var reconnectPause = 20...1_000
  /// Named prepared statements. Off behind PgBouncer in transaction mode, which loses them.
  package var prepared = true
  /// Shown in `pg_stat_activity`, unless the connection string or PGAPPNAME names another.
  package var applicationName = "sluice"

  /// Told of each transaction when it ends, before its completion and on the same thread: the nanoseconds since it was
  /// submitted, and why it failed if it did. For metrics: it must be quick.
  package var onEnd: (@Sendable (_ nanoseconds: UInt64, _ failure: StoreError?) -> Void)?

  /// Told when the last connection has gone and when the first is back. Not of the time before the first connection, nor
  /// of one that is closed or renews its prepared statements. It is called under the lock that all transactions pass, so
  /// that one never overtakes the other: it must be quick, and leave the database alone.
  package var onReach: (@Sendable (Database.Reach) -> Void)?

  package init() {}
}
