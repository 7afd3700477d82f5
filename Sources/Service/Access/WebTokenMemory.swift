import EventLoop
import Synchronization

/// JWTs that were verified of late, and whom they speak for: a reader polls with the same one again and again.
///
/// As in `TokenMemory`, only valid ones are remembered, by the whole text.
final class WebTokenMemory: Sendable {
  /// Tokens remembered at once; each has one place, where it may displace another.
  static let places = 4_096
  /// Milliseconds that the link between its subject and an identity is believed.
  static let linkMemory = 60_000

  private struct Place {
    let hash: Int
    let text: String
    let proof: WebTokenProof
    let linked: Instant
  }

  private struct State {
    var generation = 0
    var places: [Place?] = []
  }

  private let state = Mutex(State())

  /// What counts now: `remember` takes nothing that was verified under another.
  var generation: Int { state.withLock { $0.generation } }

  /// An issuer or a key is gone: nothing counts any more.
  func forget() {
    state.withLock { state in
      state.generation += 1
      state.places = []
    }
  }

  /// Nil for one that is not remembered or has expired. `isFresh` false: its link is to be looked up again.
  func recall(_ text: String, at now: Instant = .now()) -> (proof: WebTokenProof, isFresh: Bool)? {
    let hash = text.hashValue
    let found = state.withLock { state -> Place? in
      guard !state.places.isEmpty, let found = state.places[hash & (Self.places - 1)], found.hash == hash,
        found.text == text
      else { return nil }
      return found
    }
    guard let found, found.proof.ends > Int(Instant.wall().nanoseconds / 1_000_000_000) else { return nil }
    return (found.proof, now.milliseconds(since: found.linked) < Self.linkMemory)
  }

  func remember(_ text: String, _ proof: WebTokenProof, under generation: Int) {
    let hash = text.hashValue
    state.withLock { state in
      guard state.generation == generation else { return }
      if state.places.isEmpty { state.places = Array(repeating: nil, count: Self.places) }
      state.places[hash & (Self.places - 1)] = Place(hash: hash, text: text, proof: proof, linked: .now())
    }
  }
}
