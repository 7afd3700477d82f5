import Chat
import Service
import Testing

@Suite struct TokenTests {
  private let keys: KeyRing
  private let old: KeyRing

  init() throws {
    let (first, second) = (String(repeating: "b", count: 32), String(repeating: "a", count: 40))
    keys = try KeyRing(parsing: "# keys\nk2: \(first)\n\n k1: \(second)\n")
    old = try KeyRing(parsing: "k1: \(second)")
  }

  private let identity = ID(high: 1, low: 2)
  private let subject = ID(high: 3, low: 4)

  @Test(arguments: [Token.Kind.session, .turn, .read, .link])
  func aTokenSaysWhatWasSigned(_ kind: Token.Kind) throws {
    let token = Token(kind, identity: identity, subject: subject, now: 1_000)
    let read = try #require(Token(token.signed(by: keys), keys: keys))
    #expect(read == token)
    #expect(read.expires == 1_000 + kind.lifetime)
  }

  @Test func theFirstKeySignsAndAllVerify() {
    let token = Token(.turn, identity: identity, subject: subject, now: 1_000)
    #expect(token.signed(by: keys).hasPrefix("v1.k2."))
    #expect(Token(token.signed(by: old), keys: keys) == token)
    #expect(Token(token.signed(by: keys), keys: old) == nil)
  }

  @Test func everyChangedCharacterIsRefused() {
    let text = Token(.session, identity: identity, subject: subject, now: 1_000).signed(by: keys)
    for index in text.indices {
      for replacement in ["A", "b", ".", "%"] where String(text[index]) != replacement {
        var forged = text
        forged.replaceSubrange(index...index, with: replacement)
        #expect(Token(forged, keys: keys) == nil, "\(forged)")
      }
    }
    for count in 0..<text.count { #expect(Token(String(text.prefix(count)), keys: keys) == nil) }
    #expect(Token(text + "A", keys: keys) == nil)
    #expect(Token(text + ".", keys: keys) == nil)
  }

  @Test func aTokenAgesInItsLastThird() {
    let token = Token(.turn, identity: identity, subject: subject, now: 0)
    #expect(!token.isAging(now: 2_400))
    #expect(token.isAging(now: 2_401))
  }

  @Test(arguments: [
    ("", "no key"), ("k1 secret", "line 1"), ("k1: short", "shorter"),
    ("k 1: \(String(repeating: "a", count: 32))", "kid"),
    ("a: \(String(repeating: "a", count: 32))\na: \(String(repeating: "b", count: 32))", "twice"),
  ])
  func aBadKeyFileIsRefusedWithItsReason(_ file: (text: String, reason: String)) throws {
    let error = #expect(throws: KeyRing.Invalid.self) { try KeyRing(parsing: file.text) }
    #expect(error?.description.contains(file.reason) == true)
  }
}
