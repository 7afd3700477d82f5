import Store

/// What an issuer's tokens must be like.
extension IssuerStore.Issuer {
  /// The row that a token is for: of those with its `iss`, the one whose audience it names first. Nil if there is none.
  static func of(_ claims: WebTokenClaims, among issuers: [IssuerStore.Issuer]) -> IssuerStore.Issuer? {
    for audience in claims.audiences {
      let found = issuers.first {
        $0.issuer.utf8.elementsEqual(claims.issuer.utf8) && $0.audience.utf8.elementsEqual(audience.utf8)
      }
      if let found { return found }
    }
    return nil
  }

  /// Throws what is amiss at the time `now`, in seconds since 1970; the signature and its key aside.
  func judge(_ token: WebToken, now: Int) throws(WebTokenFault) {
    guard algorithms.contains(token.header.algorithm) else { throw .algorithm }
    let claims = token.claims
    guard now - clockSkew < claims.expires else { throw .expired }
    if let notBefore = claims.notBefore, notBefore > now + clockSkew { throw .early }
    if let issued = claims.issued, issued > now + clockSkew { throw .early }
    guard claims.expires - (claims.issued ?? now + clockSkew) <= lifetime else { throw .lifetime }
    if once, claims.id == nil { throw .claims }
  }

  /// When a token was issued, in seconds since 1970; if it does not say, the earliest time at which it may have been.
  func issued(_ claims: WebTokenClaims) -> Int { claims.issued ?? claims.expires - lifetime - clockSkew }

  /// From when on a token is refused here.
  func end(of claims: WebTokenClaims) -> Int { claims.expires + clockSkew }
}
