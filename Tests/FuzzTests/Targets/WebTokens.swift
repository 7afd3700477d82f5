import Chat
import Store
import Wire

@testable import Service

/// JWTs before their signature was checked, and sets of keys.
enum WebTokens: FuzzTarget {
  static let name = "jwt"

  static let words = [
    ".", "eyJhbGciOiJFZERTQSJ9", #""alg":"none""#, #""alg":"HS256""#, #""kid":"a""#, #""crit":[]"#, #""aud":["a","b"]"#,
    #""exp":1e9"#, #""iss":"i""#, #""sub":"s""#, #""nbf":0"#, #""kty":"EC""#, #""crv":"P-256""#, #""n":"AQAB""#,
    #"\u0000"#,
    #"\ud800"#, "{", "}", "[", "]", ",", "null", "=",
  ]

  private static let claims = #"{"iss":"i","aud":["x","a"],"sub":"s","exp":2000,"iat":1000,"nbf":900.5,"jti":"1"}"#

  static func seeds() throws -> [[UInt8]] {
    let headers = [#"{"alg":"EdDSA","typ":"JWT","kid":"a"}"#, #"{"alg":"none"}"#, #"{"alg":"EdDSA","crit":["exp"]}"#]
    let tokens = headers.map {
      "\(Base64URL.encode(Array($0.utf8))).\(Base64URL.encode(Array(claims.utf8))).\(Base64URL.encode([1, 2, 3]))"
    }
    let x = Base64URL.encode([UInt8](repeating: 9, count: 32))
    let texts =
      tokens + headers + [
        claims, #"{"iss":"i","aud":"a","sub":"\ud800","exp":-1}"#, "a.b.c", "..",
        #"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"\#(x)","kid":"a"},{"kty":"EC","crv":"P-256","x":"\#(x)","y":"\#(x)"}]}"#,
        #"{"keys":[{"kty":"RSA","n":"\#(Base64URL.encode([UInt8](repeating: 200, count: 256)))","e":"AQAB","use":"sig"}]}"#,
        #"{"keys":[{"kty":"oct","k":"AAAA"}]}"#, #"{"keys":[]}"#,
      ]
    return texts.map { Array($0.utf8) }
  }

  static func check(_ input: [UInt8]) throws(Violation) {
    let text = String(decoding: input, as: UTF8.self)
    try check(token: text)
    // As parts of a token as well: base64 hides them from whoever makes up the input.
    let encoded = Base64URL.encode(input)
    try check(token: "\(encoded).\(Base64URL.encode(Array(claims.utf8))).AQID")
    try check(token: "\(Base64URL.encode(Array(#"{"alg":"EdDSA"}"#.utf8))).\(encoded).AQID")
    try check(set: input)
  }

  private static let issuer = IssuerStore.Issuer(
    id: ID(high: 1, low: 1), surface: ID(high: 2, low: 2), issuer: "i", audience: "a", algorithms: ["EdDSA", "ES256"],
    keys: .jwks("file:/k"), lifetime: 1_000)

  private static func check(token text: String) throws(Violation) {
    guard let token = try? WebToken(text) else { return }
    try hold(WebToken.hasForm(text) && text.utf8.count <= WebToken.limit, "\(text) has not the form of one")
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    try hold(String(decoding: token.signed, as: UTF8.self) == "\(parts[0]).\(parts[1])", "another text was signed")
    try hold(Base64URL.encode(token.signature) == parts[2], "the signature can be written in two ways")
    let claims = token.claims
    for said in claims.audiences + [claims.issuer, claims.subject] + (claims.id.map { [$0] } ?? []) {
      try hold((1...255).contains(said.utf8.count) && !said.utf8.contains(0), "a claim that cannot be stored")
    }
    guard let known = IssuerStore.Issuer.of(claims, among: [issuer]), (try? known.judge(token, now: 1_500)) != nil
    else { return }
    try hold(claims.issuer == "i" && claims.audiences.contains("a"), "a token of somebody else's")
    try hold(["EdDSA", "ES256"].contains(token.header.algorithm), "signed by \(token.header.algorithm)")
    try hold(claims.expires > 1_500 - 30 && claims.expires <= 1_530 + 1_000, "it lives until \(claims.expires)")
    try hold(known.issued(claims) <= 1_530 && known.end(of: claims) == claims.expires + 30, "it lives too long")
  }

  private static func check(set json: [UInt8]) throws(Violation) {
    guard let set = try? WebKeySet(json: json) else { return }
    try hold(set.keys.count + set.skipped <= WebKeySet.keyLimit, "\(set.keys.count) keys")
    try hold(set.keys.allSatisfy { ["EdDSA", "ES256", "RS256"].contains($0.algorithm) }, "a key for something else")
  }
}
