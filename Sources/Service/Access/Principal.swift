package import Chat

/// Who asks, as far as a credential proves it.
package enum Principal: Equatable, Sendable {
  /// An identity on a surface, by session token or surface key.
  case identity(ID, surface: ID)
  /// The bearer of one turn's token.
  case turn(ID, identity: ID, readOnly: Bool)

  /// Whether it may read the turn `id`, which belongs to `owner`.
  package func mayRead(turn id: ID, of owner: ID) -> Bool {
    switch self {
    case .identity(let identity, _): identity == owner
    case .turn(let turn, let identity, _): turn == id && identity == owner
    }
  }
}
