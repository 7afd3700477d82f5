import Wire

/// A JSON Web Token (RFC 7519) in its compact form (RFC 7515, section 7.1), taken apart. Nothing that it says is to be
/// believed before its signature was checked.
struct WebToken: Sendable {
  /// Bytes of one at most.
  static let limit = 8 << 10

  let header: WebTokenHeader
  let claims: WebTokenClaims
  /// What was signed.
  let signed: [UInt8]
  let signature: [UInt8]

  init(_ text: String) throws(WebTokenFault) {
    let bytes = text.utf8.span
    guard bytes.count <= Self.limit, let dots = Self.dots(in: bytes) else { throw .malformed }
    guard let header = Base64URL.decode(bytes.extracting(..<dots.first)),
      let claims = Base64URL.decode(bytes.extracting((dots.first + 1)..<dots.second)),
      let signature = Base64URL.decode(bytes.extracting((dots.second + 1)...))
    else { throw .malformed }
    self.header = try WebTokenHeader(json: header)
    self.claims = try WebTokenClaims(json: claims)
    self.signature = signature
    signed = Array(text.utf8.prefix(dots.second))
  }

  /// Whether it has three parts, which neither session tokens nor surface keys have.
  static func hasForm(_ text: String) -> Bool { dots(in: text.utf8.span) != nil }

  /// Where the two dots stand; nil if there are more or fewer.
  private static func dots(in token: borrowing Span<UInt8>) -> (first: Int, second: Int)? {
    var dots = (first: -1, second: -1)
    for index in token.indices where token[index] == 0x2E {
      if dots.first < 0 {
        dots.first = index
      } else if dots.second < 0 {
        dots.second = index
      } else {
        return nil
      }
    }
    return dots.second < 0 ? nil : dots
  }

  /// The members of the object that `json` is, each name once. Throws what `take` throws, and `malformed`.
  static func members(
    of json: [UInt8], _ take: (_ name: String, _ value: JSONElement) throws(WebTokenFault) -> Void
  ) throws(WebTokenFault) {
    let document: JSONDocument
    do { document = try JSONDocument(parsing: json, limit: limit) } catch { throw .malformed }
    guard document.root.kind == .object else { throw .malformed }
    var names: Set<String> = []
    for (name, value) in document.root.members {
      guard let name = name.string, names.insert(name).inserted else { throw .malformed }
      try take(name, value)
    }
  }
}
