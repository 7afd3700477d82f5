import Testing
import Wire

@testable import Service

/// Which keys of a published set count.
struct WebKeySetTests {
  private static func set(_ jwks: [String]) throws -> WebKeySet {
    try WebKeySet(json: Array(#"{"keys":[\#(jwks.joined(separator: ","))]}"#.utf8))
  }

  @Test func publishedKeysVerifyWhatTheirPrivateHalvesSign() async throws {
    let keys = [try SigningKey.ed25519(), try .p256(), try .rsa()]
    let set = try Self.set(keys.compactMap(\.jwk))
    #expect(set.keys == keys.map(\.key) && set.skipped == 0)
    for (key, published) in zip(keys, set.keys) {
      let verifier = try #require(await Verifier(published))
      let token = try WebToken(
        try key.signed(claims: #"{"iss":"a","aud":"b","sub":"c","exp":1}"#))
      #expect(verifier.accepts(token.signature, of: token.signed))
      #expect(!verifier.accepts(token.signature, of: token.signed + [0]))
      #expect(!verifier.accepts(Array(token.signature.dropLast()), of: token.signed))
      #expect(!verifier.accepts([], of: token.signed))
    }
  }

  @Test func keysOfNoUseAreSkipped() throws {
    let good = try SigningKey.p256("good")
    let jwk = try #require(good.jwk)
    func changed(_ text: String, _ other: String) -> String { jwk.replacing(text, with: other) }
    let bad = [
      #"{"kty":"oct","k":"AAAA","kid":"a"}"#, #"{"kty":"EC","crv":"P-384","x":"AA","y":"AA"}"#, "{}", "7", "null",
      changed(#""use":"sig""#, #""use":"enc""#), changed(#""alg":"ES256""#, #""alg":"ES384""#),
      changed(#""kid":"good""#, #""kid":7"#), changed(#""kid":"good""#, #""kid":"""#),
      changed(#""kty""#, #""d":"AA","kty""#), changed(#""kty""#, #""key_ops":["sign"],"kty""#),
      changed(#""x":""#, #""x":"A"#), changed(#""y":""#, #""y":"="#),
      #"{"kty":"RSA","n":"\#(String(repeating: "A", count: 170))","e":"AQAB"}"#, #"{"kty":"RSA","e":"AQAB"}"#,
      #"{"kty":"OKP","crv":"X25519","x":"\#(String(repeating: "A", count: 43))"}"#,
    ]
    let set = try Self.set(bad + [jwk])
    #expect(set.keys == [good.key])
    #expect(set.skipped == bad.count)
    #expect(throws: WebKeySet.Invalid.self) { try Self.set(bad) }
  }

  @Test func aPointThatIsOnNoCurveIsNoKey() async throws {
    let off = WebKey(
      .p256(x: Base64URL.encode(.init(repeating: 1, count: 32)), y: Base64URL.encode(.init(repeating: 2, count: 32))))
    #expect(await Verifier(off) == nil)
    #expect(await VerifierSet([off]) == nil)
    #expect(await VerifierSet([]) != nil)
    let good = try SigningKey.ed25519()
    #expect(await VerifierSet([off, good.key])?.verifiers.map(\.key) == [good.key])
  }

  @Test(arguments: ["", "{}", "[]", #"{"keys":{}}"#, #"{"keys":["#, #"{"keys":null}"#, "<html>"])
  func whatIsNoSetIsRefused(json: String) {
    #expect(throws: WebKeySet.Invalid.self) { try WebKeySet(json: Array(json.utf8)) }
  }

  @Test func aSetHasBounds() throws {
    let keys = try (0...WebKeySet.keyLimit).map { try #require(try SigningKey.ed25519("\($0)").jwk) }
    #expect(try Self.set(Array(keys.dropLast())).keys.count == WebKeySet.keyLimit)
    #expect(throws: WebKeySet.Invalid.self) { try Self.set(keys) }
    let filling = String(repeating: " ", count: WebKeySet.byteLimit)
    #expect(throws: WebKeySet.Invalid.self) { try Self.set([keys[0], filling]) }
    #expect(try Self.set([]).keys.isEmpty)
  }
}
