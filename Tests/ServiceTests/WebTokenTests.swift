import Chat
import Store
import Testing
import Wire

@testable import Service

/// What is refused of a JWT, and why: each rule broken alone, in a token that is otherwise right and rightly signed.
struct WebTokenTests {
  private static let now = 1_800_000_000

  private static let keys: [SigningKey] = [.shared()] + [try? .ed25519(), try? .p256(), try? .rsa()].compactMap { $0 }

  private static func issuer(
    _ algorithms: [String], audience: String = "sluice", once: Bool = false
  ) -> IssuerStore.Issuer {
    IssuerStore.Issuer(
      id: ID.fresh(), surface: ID.fresh(), issuer: "https://shop.example", audience: audience, algorithms: algorithms,
      keys: .jwks("file:/keys"), clockSkew: 30, lifetime: 3_600, once: once)
  }

  private static func claims(_ changes: [String: String?] = [:]) -> String {
    var members: [String: String] = [
      "iss": #""https://shop.example""#, "aud": #""sluice""#, "sub": #""anna""#, "exp": "\(now + 600)", "iat": "\(now)",
    ]
    for (name, value) in changes { members[name] = value }
    return "{\(members.sorted { $0.key < $1.key }.map { "\"\($0.key)\":\($0.value)" }.joined(separator: ","))}"
  }

  /// As `WebTokenDoor` does, with `set` for the issuer's keys.
  private static func fault(
    _ text: String, _ issuer: IssuerStore.Issuer, _ set: [WebKey]
  ) async throws -> WebTokenFault? {
    let verifiers = try #require(await VerifierSet(set))
    do throws(WebTokenFault) {
      let token = try WebToken(text)
      guard let known = IssuerStore.Issuer.of(token.claims, among: [issuer]) else { return .issuer }
      try known.judge(token, now: now)
      switch verifiers.find(token.header) {
      case .verifier(let verifier): return verifier.accepts(token.signature, of: token.signed) ? nil : .signature
      case .unfit: return .algorithm
      case .unclear, .unknown: return .key
      }
    } catch {
      return error
    }
  }

  @Test func everyAlgorithmIsAcceptedByItsOwnKeyAlone() async throws {
    try #require(Self.keys.count == 4)
    for key in Self.keys {
      let text = try key.signed(claims: Self.claims())
      let issuer = Self.issuer([key.algorithm])
      #expect(try await Self.fault(text, issuer, [key.key]) == nil, "\(key.algorithm)")
      let others = Self.keys.filter { $0.algorithm != key.algorithm }.map(\.key)
      #expect(try await Self.fault(text, issuer, others) == .key, "\(key.algorithm)")
      let disguised = others.map { WebKey(name: key.key.name, $0.material) }
      let expected: WebTokenFault = key.key.name == nil ? .key : .algorithm
      #expect(try await Self.fault(text, issuer, disguised) == expected, "\(key.algorithm)")
    }
  }

  @Test func anotherKeyOfTheSameKindIsNoKey() async throws {
    for (one, other) in [
      (try SigningKey.ed25519(), try SigningKey.ed25519()), (try .p256(), try .p256()),
      (.shared(), .shared(Array(repeating: 7, count: 32))),
    ] {
      let text = try one.signed(claims: Self.claims())
      #expect(try await Self.fault(text, Self.issuer([one.algorithm]), [other.key]) == .signature)
    }
  }

  @Test func aBitThatIsChangedAnywhereMakesItNone() async throws {
    for key in Self.keys {
      let text = Array(try key.signed(claims: Self.claims()).utf8)
      for place in stride(from: 0, to: text.count, by: 13) {
        var forged = text
        forged[place] ^= 1
        let fault = try await Self.fault(
          String(decoding: forged, as: UTF8.self), Self.issuer([key.algorithm]), [key.key])
        #expect(fault != nil, "\(key.algorithm) at \(place)")
      }
    }
  }

  /// The header, what stands in the place of its members, and what that is refused as.
  @Test(arguments: [
    (#"{"alg":"none"}"#, WebTokenFault.algorithm), (#"{"alg":"None"}"#, .algorithm), (#"{"alg":"nOnE"}"#, .algorithm),
    (#"{"alg":""}"#, .malformed), (#"{"alg":null}"#, .malformed), (#"{"alg":["EdDSA"]}"#, .malformed),
    (#"{"typ":"JWT"}"#, .algorithm), (#"{"alg":"HS256"}"#, .algorithm), (#"{"alg":"RS256"}"#, .algorithm),
    (#"{"alg":"ES256"}"#, .algorithm), (#"{"alg":"eddsa"}"#, .algorithm),
    (#"{"alg":"EdDSA","crit":["exp"]}"#, .header), (#"{"alg":"EdDSA","crit":[]}"#, .header),
    (#"{"alg":"EdDSA","jwk":{"kty":"OKP"}}"#, .header), (#"{"alg":"EdDSA","jku":"https://evil.example"}"#, .header),
    (#"{"alg":"EdDSA","x5u":"https://evil.example"}"#, .header), (#"{"alg":"EdDSA","x5c":["AA=="]}"#, .header),
    (#"{"alg":"EdDSA","typ":"dpop+jwt"}"#, .header), (#"{"alg":"EdDSA","cty":"JWT"}"#, .header),
    (#"{"alg":"EdDSA","kid":7}"#, .malformed), (#"{"alg":"EdDSA","kid":"other"}"#, .key),
    (#"{"alg":"EdDSA","alg":"EdDSA"}"#, .malformed), (#"{"alg":"none","alg":"EdDSA"}"#, .malformed),
    (#"{"alg":"EdDSA","\u0061lg":"none"}"#, .malformed), (#"["alg"]"#, .malformed), ("{", .malformed), ("", .malformed),
  ])
  func aHeaderThatAsksForMoreIsRefused(header: String, expected: WebTokenFault) async throws {
    let key = try SigningKey.ed25519()
    let text = try key.signed(header: header, claims: Self.claims())
    #expect(try await Self.fault(text, Self.issuer(["EdDSA"]), [key.key]) == expected)
  }

  @Test func headersThatSayNothingThatMattersAreTaken() async throws {
    let key = try SigningKey.ed25519()
    for header in [
      #"{"alg":"EdDSA"}"#, #"{"alg":"EdDSA","typ":"jwt"}"#, #"{"alg":"EdDSA","typ":"at+jwt","kid":"ed"}"#,
      #"{"alg":"EdDSA","x5t":"abc","nonce":"1"}"#,
    ] {
      let text = try key.signed(header: header, claims: Self.claims())
      #expect(try await Self.fault(text, Self.issuer(["EdDSA"]), [key.key]) == nil, "\(header)")
    }
  }

  /// A shared secret made of what is published: the issuer has no shared secrets, and the key is for its own alone.
  @Test func aPublicKeyIsNoSharedSecret() async throws {
    for key in [try SigningKey.ed25519(), try .p256(), try .rsa()] {
      let published = Array(try #require(key.jwk).utf8)
      for secret in [published, published + [UInt8](repeating: 0, count: 32)] {
        let forger = SigningKey.shared(secret)
        for header in [#"{"alg":"HS256"}"#, #"{"alg":"HS256","kid":"\#(key.key.name ?? "")"}"#] {
          let text = try forger.signed(header: header, claims: Self.claims())
          #expect(try await Self.fault(text, Self.issuer([key.algorithm]), [key.key]) == .algorithm)
          // Were the schema's constraint not there.
          let both = try await Self.fault(text, Self.issuer([key.algorithm, "HS256"]), [key.key])
          #expect(both == .algorithm || both == .key)
        }
      }
    }
  }

  @Test(arguments: [
    (["iss": #""https://shop.example/""#], WebTokenFault.issuer), (["iss": #""HTTPS://shop.example""#], .issuer),
    (["iss": nil], .claims), (["iss": "7"], .claims), (["aud": #""other""#], .issuer),
    (["aud": #"["a","b"]"#], .issuer),
    (["aud": #"["sluice"\#(String(repeating: #","a""#, count: 16))]"#], .claims), (["aud": "[]"], .claims),
    (["aud": nil], .claims), (["aud": #"["sluice",1]"#], .claims), (["sub": nil], .claims),
    (["sub": #""""#], .claims), (["sub": #""a\u0000""#], .claims), (["sub": #""\ud800""#], .claims),
    (["sub": "1"], .claims),
    (["exp": nil], .claims), (["exp": #""soon""#], .claims), (["exp": "-1"], .claims), (["exp": "1e300"], .claims),
    (["exp": "\(now - 30)", "iat": "\(now - 60)"], .expired), (["exp": "0", "iat": nil], .expired),
    (["nbf": "\(now + 31)"], .early), (["nbf": "\(now + 30).5"], .early), (["iat": "\(now + 31)"], .early),
    (["nbf": #""now""#], .claims), (["exp": "\(now + 3_601)"], .lifetime),
    (["exp": "\(now + 3_631)", "iat": nil], .lifetime),
    (["exp": "\(now + 600)", "iat": "\(now - 3_001)"], .lifetime), (["jti": "1"], .claims), (["jti": #""""#], .claims),
  ])
  func claimsThatAreAmissAreRefused(changes: [String: String?], expected: WebTokenFault) async throws {
    let key = try SigningKey.ed25519()
    let text = try key.signed(claims: Self.claims(changes))
    #expect(try await Self.fault(text, Self.issuer(["EdDSA"]), [key.key]) == expected)
  }

  @Test(
    arguments: [
      ["aud": #"["other","sluice"]"#], ["iat": nil], ["exp": "\(now - 29)", "iat": "\(now - 60)"],
      ["nbf": "\(now + 30)"], ["iat": "\(now + 30)"], ["exp": "\(now + 3_600)"], ["exp": "\(now + 3_630)", "iat": nil],
      ["exp": "\(now + 600).9"], ["sub": "\"\(String(repeating: "ä", count: 127))\""], ["extra": #"{"a":[1]}"#],
    ] as [[String: String?]])
  func whatIsWithinTheBoundsIsTaken(changes: [String: String?]) async throws {
    let key = try SigningKey.ed25519()
    let text = try key.signed(claims: Self.claims(changes))
    #expect(try await Self.fault(text, Self.issuer(["EdDSA"]), [key.key]) == nil)
  }

  @Test func claimsThatAreSaidTwiceAreRefused() async throws {
    let key = try SigningKey.ed25519()
    let twice = #"{"sub":"eve","# + Self.claims().dropFirst()
    #expect(try await Self.fault(try key.signed(claims: twice), Self.issuer(["EdDSA"]), [key.key]) == .malformed)
    let disguised = #"{"s\u0075b":"eve","# + Self.claims().dropFirst()
    #expect(try await Self.fault(try key.signed(claims: disguised), Self.issuer(["EdDSA"]), [key.key]) == .malformed)
  }

  @Test func aSubjectOf255BytesIsTheLongest() async throws {
    let key = try SigningKey.ed25519()
    for (length, expected) in [(255, nil), (256, WebTokenFault.claims)] {
      let text = try key.signed(claims: Self.claims(["sub": "\"\(String(repeating: "a", count: length))\""]))
      #expect(try await Self.fault(text, Self.issuer(["EdDSA"]), [key.key]) == expected)
    }
  }

  @Test func eightKilobytesAreTheMost() async throws {
    let key = try SigningKey.ed25519()
    let short = try key.signed(claims: Self.claims(["x": "\"\""])).utf8.count
    for (surplus, expected) in [(-8, nil), (8, WebTokenFault.malformed)] as [(Int, WebTokenFault?)] {
      let filling = String(repeating: "a", count: (WebToken.limit - short) * 3 / 4 + surplus)
      let text = try key.signed(claims: Self.claims(["x": "\"\(filling)\""]))
      #expect(try await Self.fault(text, Self.issuer(["EdDSA"]), [key.key]) == expected, "\(text.utf8.count)")
    }
  }

  @Test func textsOfAnotherFormAreNone() async throws {
    let key = try SigningKey.ed25519()
    let text = try key.signed(claims: Self.claims())
    let parts = text.split(separator: ".").map(String.init)
    for junk in [
      "", ".", "..", "...", "a.b", "a.b.c", "\(text).", ".\(text)", "\(parts[0]).\(parts[1]).",
      "\(parts[0]).\(parts[1]).\(parts[2])=", "\(parts[0])=.\(parts[1]).\(parts[2])", "\(parts[0]) .\(parts[1]).x",
      "\(parts[0]).\(parts[1]).\(parts[2].dropLast())+", "\(parts[0]).\(parts[1]).ä",
    ] {
      let fault = try await Self.fault(junk, Self.issuer(["EdDSA"]), [key.key])
      #expect(fault == .malformed || fault == .signature, "\(junk)")
    }
    #expect(WebToken.hasForm(text) && !WebToken.hasForm("v1.a.b.c") && !WebToken.hasForm("sk_abc"))
  }

  @Test func aTokenWithoutKeyNameNeedsExactlyOneThatFits() async throws {
    let (one, other) = (try SigningKey.ed25519("one"), try SigningKey.ed25519("other"))
    let text = try one.signed(header: #"{"alg":"EdDSA"}"#, claims: Self.claims())
    let issuer = Self.issuer(["EdDSA", "ES256"])
    #expect(try await Self.fault(text, issuer, [one.key]) == nil)
    #expect(try await Self.fault(text, issuer, [one.key, try SigningKey.p256().key]) == nil)
    #expect(try await Self.fault(text, issuer, [one.key, other.key]) == .key)
    #expect(try await Self.fault(text, issuer, []) == .key)
  }

  @Test func issuersOfOneNameAreToldApartByTheirAudience() throws {
    let (web, app) = (Self.issuer(["EdDSA"], audience: "web"), Self.issuer(["EdDSA"], audience: "app"))
    for (audiences, expected) in [
      (#""web""#, web), (#""app""#, app), (#"["x","app","web"]"#, app), (#"["web","app"]"#, web),
    ] {
      let claims = try WebTokenClaims(json: Array(Self.claims(["aud": audiences]).utf8))
      #expect(IssuerStore.Issuer.of(claims, among: [web, app]) == expected)
      #expect(IssuerStore.Issuer.of(claims, among: [app, web]) == expected)
    }
  }

  @Test func aTokenForOneUseNeedsAName() async throws {
    let key = try SigningKey.ed25519()
    let issuer = Self.issuer(["EdDSA"], once: true)
    #expect(try await Self.fault(try key.signed(claims: Self.claims()), issuer, [key.key]) == .claims)
    let named = try key.signed(claims: Self.claims(["jti": #""1""#]))
    #expect(try await Self.fault(named, issuer, [key.key]) == nil)
  }

  @Test func whenItWasIssuedIsNeverTooLate() throws {
    let issuer = Self.issuer(["EdDSA"])
    let said = try WebTokenClaims(json: Array(Self.claims().utf8))
    #expect(issuer.issued(said) == Self.now && issuer.end(of: said) == Self.now + 630)
    let silent = try WebTokenClaims(json: Array(Self.claims(["iat": nil]).utf8))
    #expect(issuer.issued(silent) == Self.now + 600 - 3_630)
  }
}
