import Chat

/// What a verified JWT proves. An object, so that what passes it on stays small.
final class WebTokenProof: Sendable {
  /// Whom its subject is linked with.
  let identity: ID
  /// The issuer's.
  let surface: ID
  /// `sub`
  let subject: String
  /// Seconds since 1970; the earliest possible if it does not say.
  let issued: Int
  /// From then on it is refused, in seconds since 1970.
  let ends: Int
  /// `jti`; nil if it has none.
  let id: String?
  /// Good for one session request: what its use is recorded as. Nil for what is good until it ends.
  let use: String?

  init(identity: ID, surface: ID, subject: String, issued: Int, ends: Int, id: String?, use: String?) {
    self.identity = identity
    self.surface = surface
    self.subject = subject
    self.issued = issued
    self.ends = ends
    self.id = id
    self.use = use
  }

  /// The same for another identity.
  func linked(with identity: ID) -> WebTokenProof {
    WebTokenProof(
      identity: identity, surface: surface, subject: subject, issued: issued, ends: ends, id: id, use: use)
  }
}
