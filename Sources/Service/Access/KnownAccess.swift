import Chat
import Store

/// Who is refused, and who has become somebody else, as far as it is known.
struct KnownAccess: Sendable {
  /// From an identity to who it is now: the database has one step, a node may learn them one by one.
  private static let steps = 16
  /// Stands for whatever an identity comes by.
  private static let everything = Int.max
  /// Seconds that a revocation reaches beyond its moment: a node that had not heard of it may have issued tokens yet.
  static let reach = 5

  /// Tokens of the identity that were issued up to then, in seconds since 1970.
  private var revoked: NewestEntries<ID, Int>
  private var tokens: NewestEntries<String, Bool>
  private var merged: NewestEntries<ID, ID>

  /// `limit`: entries of each kind.
  init(limit: Int) {
    revoked = NewestEntries(limit: limit)
    tokens = NewestEntries(limit: limit)
    merged = NewestEntries(limit: limit)
  }

  var isEmpty: Bool { !refusesAny && merged.isEmpty }
  var refusesAny: Bool { !revoked.isEmpty || !tokens.isEmpty }
  var revocations: Int { revoked.count + tokens.count }
  var merges: Int { merged.count }

  /// Of several revocations of one identity the widest counts. True if the oldest entry had to go.
  mutating func put(_ revocation: RevocationStore.Revocation) -> Bool {
    switch revocation {
    case .token(let jti): return tokens.put(true, for: jti)
    case .identity(let identity, let through):
      let through = through.map { $0 + Self.reach } ?? Self.everything
      return revoked.put(max(through, revoked[identity] ?? .min), for: identity)
    }
  }

  mutating func put(_ merge: RevocationStore.Merge) -> Bool { merged.put(merge.kept, for: merge.gone) }

  /// As `AccessMemory.judge`. Each identity on the way may refuse: a token of one that is gone was issued to whoever is
  /// now revoked.
  func judge(_ identity: ID, issued: Int?, jti: String?) -> ID? {
    if let jti, tokens[jti] != nil { return nil }
    var identity = identity
    for _ in 0..<Self.steps {
      if let through = revoked[identity], through == Self.everything || (issued ?? .max) <= through { return nil }
      guard let next = merged[identity] else { break }
      identity = next
    }
    return identity
  }

  func now(_ identity: ID) -> ID {
    var identity = identity
    for _ in 0..<Self.steps {
      guard let next = merged[identity] else { break }
      identity = next
    }
    return identity
  }
}
