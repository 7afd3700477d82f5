package import Chat

/// What a session or turn token says. One binary layout, signed by the key ring: kind, expiry, identity, subject.
package struct Token: Equatable, Sendable {
  package enum Kind: UInt8, Sendable {
    /// An identity on a surface: starts turns, reads and cancels its own.
    case session = 1
    /// One turn: read and cancel.
    case turn = 2
    /// One turn: read only, the only kind accepted in a query.
    case read = 3
    /// Opens nothing: who presents it becomes the identity that it names, once.
    case link = 4

    /// Seconds a token of this kind lives.
    package var lifetime: Int {
      switch self {
      case .session: 30 * 86_400
      case .turn, .read: 3_600
      case .link: 600
      }
    }
  }

  package let kind: Kind
  /// Seconds since 1970 from which the token is refused.
  package let expires: Int
  package let identity: ID
  /// The surface of a session token, the turn of turn tokens, what tells a link code from others.
  package let subject: ID

  /// A token that lives its kind's full life from `now`, in seconds since 1970.
  package init(_ kind: Kind, identity: ID, subject: ID, now: Int) {
    self.init(kind: kind, expires: now + kind.lifetime, identity: identity, subject: subject)
  }

  private init(kind: Kind, expires: Int, identity: ID, subject: ID) {
    self.kind = kind
    self.expires = expires
    self.identity = identity
    self.subject = subject
  }

  /// When it was issued, in seconds since 1970.
  package var issued: Int { expires - kind.lifetime }

  /// In the last third of its life: a poll's reply carries a new one.
  package func isAging(now: Int) -> Bool { expires - now < kind.lifetime / 3 }

  package func signed(by keys: KeyRing) -> String {
    var payload: [UInt8] = [kind.rawValue]
    payload.reserveCapacity(37)
    Self.append(UInt64(expires) << 32, bytes: 4, to: &payload)
    for word in [identity.high, identity.low, subject.high, subject.low] {
      Self.append(word, bytes: 8, to: &payload)
    }
    return keys.sign(payload)
  }

  /// Nil if the token is malformed or forged. Expiry is the caller's to check.
  package init?(_ text: String, keys: KeyRing) {
    guard let payload = keys.verify(text), payload.count == 37, let kind = Kind(rawValue: payload[0]) else {
      return nil
    }
    func word(_ at: Int, _ count: Int) -> UInt64 {
      payload[at..<(at + count)].reduce(0) { $0 << 8 | UInt64($1) }
    }
    self.init(
      kind: kind, expires: Int(word(1, 4)), identity: ID(high: word(5, 8), low: word(13, 8)),
      subject: ID(high: word(21, 8), low: word(29, 8)))
  }

  private static func append(_ word: UInt64, bytes: Int, to payload: inout [UInt8]) {
    for index in 0..<bytes { payload.append(UInt8(truncatingIfNeeded: word >> UInt64(56 - 8 * index))) }
  }
}
