package import FrontDoor
package import Upstream

/// What a service needs to know, checked before.
package struct ServiceSettings: Sendable {
  package var listeners: [ListenAddress]
  package var operatorListeners: [ListenAddress]
  /// libpq connection string. Holds a password: never to be logged.
  package var database: String
  package var databaseConnections = 4
  /// Transactions that may wait for one of them.
  package var databaseQueue = 4_096
  /// Named prepared statements; off behind PgBouncer in transaction mode.
  package var preparedStatements = true
  package var keys: KeyRing
  /// What opens sealed credentials; nil: none can be opened.
  package var credentialKeys: KeyRing?
  /// 0…4095: names this node in the ids of its turns.
  package var tag: UInt16
  package var host: String
  package var version: String
  package var loops: Int
  package var limits = Limits()
  package var upstream = UpstreamSettings()
  /// How long a drain waits for live turns, in milliseconds.
  package var drainTimeout = 60_000
  /// Live turns this node owns at most.
  package var turnLimit = 4_000
  /// Streams to readers on this node at most.
  package var streamLimit = 8_000

  package init(
    listeners: [ListenAddress], operatorListeners: [ListenAddress], database: String, keys: KeyRing, tag: UInt16,
    host: String, version: String, loops: Int
  ) {
    self.listeners = listeners
    self.operatorListeners = operatorListeners
    self.database = database
    self.keys = keys
    self.tag = tag
    self.host = host
    self.version = version
    self.loops = loops
  }
}
