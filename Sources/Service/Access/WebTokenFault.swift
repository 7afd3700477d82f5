/// Why a JWT was refused. Clients are told less (`refusal`).
enum WebTokenFault: Int, Error, MetricLabel {
  /// Not three parts of base64url, too long, or header or claims are no objects of JSON, or name a member twice.
  case malformed
  /// A header that asks for what is not done: `crit`, keys it brings along, another type of token.
  case header
  /// `none`, one that its issuer may not use, or one that its key is not for.
  case algorithm
  /// Nobody is known by its `iss` and one of its `aud`.
  case issuer
  /// `exp`, `sub` or another claim is missing, or none that it may be.
  case claims
  case expired
  /// By `nbf` or `iat` it is of the future.
  case early
  /// It lives longer than its issuer's tokens may.
  case lifetime
  /// Its issuer has no such key; or it names none, and there is not exactly one for its algorithm.
  case key
  case signature
  /// Good for one session request, and used before.
  case used
  /// Good for one session request, and brought to something else.
  case purpose
  /// The issuer's keys cannot be had at the moment.
  case unavailable
  /// Too many wait for the issuer's keys.
  case crowded

  var refusal: Refusal {
    switch self {
    case .used: .usedToken
    case .purpose: .sessionTokenOnly
    case .unavailable: .keysUnavailable
    case .crowded: .overloaded
    case .malformed, .header, .algorithm, .issuer, .claims, .expired, .early, .lifetime, .key, .signature: .badToken
    }
  }
}

extension Refusal {
  fileprivate static let usedToken = Refusal(401, .invalidToken, "The token is good for one use, and was used before.")
  fileprivate static let sessionTokenOnly = Refusal(
    403, .sessionRequired, "This token is good for one session request: bring it to /chat/session.")
  fileprivate static let keysUnavailable = Refusal(
    503, .unavailable, "The keys that the token is judged by cannot be had just now.", retryable: true, retryAfter: 5)
}
