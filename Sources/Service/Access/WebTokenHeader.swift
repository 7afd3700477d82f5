import Wire

/// The header of a JWT: how it is signed. What asks for more than that, or brings its own keys, is refused; what says
/// nothing that matters here is passed over.
struct WebTokenHeader: Sendable {
  let algorithm: String
  /// `kid`: which key of the issuer's; nil if it does not say.
  let key: String?

  init(json: [UInt8]) throws(WebTokenFault) {
    var algorithm: String?
    var key: String?
    try WebToken.members(of: json) { (name, value) throws(WebTokenFault) in
      switch name {
      case "alg": algorithm = try Self.text(value)
      case "kid": key = try Self.text(value)
      // So that tokens for something else, which the same keys may sign (RFC 8725, section 3.11), are none here.
      case "typ": guard Self.types.contains(try Self.text(value).lowercased()) else { throw .header }
      // Nothing critical is understood (RFC 7515, section 4.1.11), and keys are the issuer's, never the token's.
      case "crit", "jwk", "jku", "x5u", "x5c", "cty", "zip", "enc": throw .header
      default: break
      }
    }
    guard let algorithm else { throw .algorithm }
    self.algorithm = algorithm
    self.key = key
  }

  private static let types: Set<String> = ["jwt", "at+jwt", "application/jwt", "application/at+jwt"]

  private static func text(_ value: JSONElement) throws(WebTokenFault) -> String {
    guard let text = value.string, (1...255).contains(text.utf8.count) else { throw .malformed }
    return text
  }
}
