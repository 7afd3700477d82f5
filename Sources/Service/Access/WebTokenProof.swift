import Chat

/// What a verified JWT proves.
struct WebTokenProof: Sendable {
  /// Whom its subject is linked with.
  var identity: ID
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
}
