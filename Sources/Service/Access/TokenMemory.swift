import Synchronization

/// Tokens whose signature was verified of late: a reader polls with the same one again and again, and the look-up costs
/// a tenth of the verification.
///
/// Only valid tokens are remembered, so forged ones push nothing out. A forged one never gets as far as the comparison
/// with a valid one, which takes the longer the more of it is right: its hash, seeded anew in each process, is another.
final class TokenMemory: Sendable {
  /// Tokens remembered at once; each has one place, where it may displace another.
  static let places = 4_096

  private struct Place {
    let hash: Int
    let text: String
    let token: Token
  }

  private struct State {
    var keys: KeyRing
    var generation = 0
    var places: [Place?] = []
  }

  private let state: Mutex<State>

  init(keys: KeyRing) { state = Mutex(State(keys: keys)) }

  var keys: KeyRing { state.withLock { $0.keys } }

  /// After a change of the key file: what the former keys signed counts no more, unless the new ones have signed it too.
  func replace(keys: KeyRing) {
    state.withLock { state in
      state.keys = keys
      state.generation += 1
      state.places = []
    }
  }

  /// Nil if the token is malformed or forged. Expiry is the caller's to check.
  func verify(_ text: String) -> Token? {
    let hash = text.hashValue
    let place = hash & (Self.places - 1)
    let (known, keys, generation) = state.withLock { state -> (Token?, KeyRing?, Int) in
      if !state.places.isEmpty, let found = state.places[place], found.hash == hash, found.text == text {
        return (found.token, nil, 0)
      }
      return (nil, state.keys, state.generation)
    }
    guard let keys else { return known }
    guard let token = Token(text, keys: keys) else { return nil }
    state.withLock { state in
      guard state.generation == generation else { return }
      if state.places.isEmpty { state.places = Array(repeating: nil, count: Self.places) }
      state.places[place] = Place(hash: hash, text: text, token: token)
    }
    return token
  }
}
