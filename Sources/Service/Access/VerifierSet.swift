/// The keys that one issuer's tokens are checked by.
struct VerifierSet: Sendable {
  let verifiers: [Verifier]

  enum Found {
    case verifier(Verifier)
    /// The key that the token names is not for its algorithm.
    case unfit
    /// The token names none, and there is not exactly one for its algorithm.
    case unclear
    /// There is no key of that name.
    case unknown
  }

  /// Keys that turn out to be none are left out. Nil if none is left of some.
  init?(_ keys: [WebKey]) async {
    var verifiers: [Verifier] = []
    for key in keys {
      if let verifier = await Verifier(key) { verifiers.append(verifier) }
    }
    guard keys.isEmpty || !verifiers.isEmpty else { return nil }
    self.verifiers = verifiers
  }

  /// Names are compared byte by byte.
  func find(_ header: WebTokenHeader) -> Found {
    var named = verifiers
    if let name = header.key {
      named = verifiers.filter { $0.key.name?.utf8.elementsEqual(name.utf8) == true }
      if named.isEmpty { return .unknown }
    }
    let fit = named.filter { $0.key.algorithm == header.algorithm }
    if fit.count == 1 { return .verifier(fit[0]) }
    return fit.isEmpty && header.key != nil ? .unfit : .unclear
  }

  /// Whether all keys of `former` are among these.
  func holds(_ former: VerifierSet) -> Bool {
    Set(former.verifiers.map(\.key)).isSubset(of: verifiers.map(\.key))
  }
}
