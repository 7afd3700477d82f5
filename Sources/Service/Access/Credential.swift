import Chat

/// What a request has shown of itself, as far as a revocation can meet it afterwards.
struct Credential: Sendable {
  /// As the token or the link names it, whoever that has become since.
  let identity: ID
  /// When a token was issued, in seconds since 1970; nil for a surface's key.
  var issued: Int?
  /// The token's `jti`; nil: it has none.
  var jti: String?
  /// The service identity of a key that acts for a user; nil: there is none.
  var service: ID?
}
