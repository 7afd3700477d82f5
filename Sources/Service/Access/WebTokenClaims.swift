import Wire

/// What a JWT says, as far as it matters here. Times are whole seconds since 1970.
struct WebTokenClaims: Sendable {
  /// Audiences of one at most.
  private static let audienceLimit = 16

  /// `iss`
  let issuer: String
  /// `aud`: one, or those of an array.
  let audiences: [String]
  /// `sub`: whom it speaks for, 1 to 255 bytes.
  let subject: String
  /// `exp`: from then on it is refused.
  let expires: Int
  /// `nbf`
  let notBefore: Int?
  /// `iat`
  let issued: Int?
  /// `jti`, 1 to 255 bytes.
  let id: String?

  init(json: [UInt8]) throws(WebTokenFault) {
    var texts: [String: String] = [:]
    var times: [String: Double] = [:]
    var audiences: [String] = []
    try WebToken.members(of: json) { (name, value) throws(WebTokenFault) in
      switch name {
      case "iss", "sub", "jti": texts[name] = try Self.text(value)
      case "aud" where value.kind == .array:
        guard value.count <= Self.audienceLimit else { throw .claims }
        for audience in value.elements { audiences.append(try Self.text(audience)) }
      case "aud": audiences = [try Self.text(value)]
      case "exp", "nbf", "iat": times[name] = try Self.time(value)
      default: break
      }
    }
    guard let issuer = texts["iss"], let subject = texts["sub"], let expires = times["exp"], !audiences.isEmpty else {
      throw .claims
    }
    self.issuer = issuer
    self.audiences = audiences
    self.subject = subject
    // Rounded to the side that lets less in.
    self.expires = Int(expires.rounded(.down))
    notBefore = times["nbf"].map { Int($0.rounded(.up)) }
    issued = times["iat"].map { Int($0.rounded(.down)) }
    id = texts["jti"]
  }

  /// PostgreSQL holds no NUL, and two texts that are no Unicode must not become one.
  private static func text(_ value: JSONElement) throws(WebTokenFault) -> String {
    guard let text = value.string, (1...255).contains(text.utf8.count),
      !text.unicodeScalars.contains(where: { $0 == "\u{0}" || $0 == "\u{FFFD}" })
    else { throw .claims }
    return text
  }

  private static func time(_ value: JSONElement) throws(WebTokenFault) -> Double {
    guard let seconds = value.double, (0...1e11).contains(seconds) else { throw .claims }
    return seconds
  }
}
