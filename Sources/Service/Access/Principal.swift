package import Chat

/// Who asks, as far as a credential proves it.
package enum Principal: Equatable, Sendable {
  /// An identity on a surface, by session token or surface key.
  case identity(ID, surface: ID)
  /// The bearer of one turn's token.
  case turn(ID, identity: ID, readOnly: Bool)

  /// The identity behind it.
  package var identity: ID {
    switch self {
    case .identity(let identity, _), .turn(_, let identity, _): identity
    }
  }

  /// False if no turn with this id can be its own: a turn's token opens that turn alone.
  package func mayKnow(turn id: ID) -> Bool {
    if case .turn(let turn, _, _) = self { turn == id } else { true }
  }

  /// Whether it may read the turn `id`, which belongs to `owner`.
  package func mayRead(turn id: ID, of owner: ID) -> Bool {
    mayKnow(turn: id) && identity == owner
  }
}
