/// What clients and the `turn` table call the state of a turn.
package enum TurnState: String, Sendable, CaseIterable {
  case streaming
  case done
  case error
  case cancelled
  case interrupted

  package var isTerminal: Bool { self != .streaming }
}
