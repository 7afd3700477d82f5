import Chat
import Service
import Wire

/// Session and turn tokens, and the file of keys that sign them.
enum Tokens: FuzzTarget {
  static let name = "token"

  static let words = ["v1.", "k1", "k2", ".", ": ", "\n", "#"]

  private static let secrets = ["k2": String(repeating: "b", count: 32), "k1": String(repeating: "a", count: 40)]

  /// With that key first.
  private static func ring(signing name: String) -> KeyRing? {
    let names = [name] + secrets.keys.filter { $0 != name }.sorted()
    return try? KeyRing(parsing: names.map { "\($0): \(secrets[$0] ?? "")" }.joined(separator: "\n"))
  }

  private static let rings = secrets.keys.sorted().compactMap { ring(signing: $0) }

  static func seeds() throws -> [[UInt8]] {
    let kinds = [Token.Kind.session, .turn, .read, .link]
    let tokens = rings.flatMap { ring in
      kinds.map { kind in
        Token(kind, identity: ID(high: 1, low: 2), subject: ID(high: 3, low: 4), now: 1_000).signed(by: ring)
      }
    }
    let texts =
      tokens + [
        "v1.k1..", "v1.k1.AQ.AQ", "k1: \(secrets["k1"] ?? "")\n# x\n\nk2:short", String(repeating: "v", count: 513),
      ]
    return texts.map { Array($0.utf8) } + [
      [1] + [UInt8](repeating: 0, count: 36), [5] + [UInt8](repeating: 9, count: 36),
    ]
  }

  static func check(_ input: [UInt8]) throws(Violation) {
    guard rings.count == secrets.count else { throw Violation(description: "no keys") }
    let text = String(decoding: input, as: UTF8.self)
    try check(token: text)
    for ring in rings { try check(payload: input, ring) }
    try check(file: text)
    if let bytes = Base64URL.decode(text) { try hold(Base64URL.encode(bytes) == text, "\(text) is base64 twice over") }
    try hold(Base64URL.decode(Base64URL.encode(input)) == input, "base64 is not read back")
  }

  /// There is one text for each token: the one that was signed.
  private static func check(token text: String) throws(Violation) {
    let tokens = rings.map { Token(text, keys: $0) }
    try hold(tokens.allSatisfy { $0 == tokens[0] }, "the order of the keys decides")
    guard let token = tokens[0] else { return }
    try hold(rings.contains { token.signed(by: $0) == text }, "\(text) was not signed, yet counts")
  }

  /// Whatever is signed is a token only if it says what one says, and then exactly that.
  private static func check(payload: [UInt8], _ ring: KeyRing) throws(Violation) {
    let text = ring.sign(payload)
    if text.utf8.count <= 512 { try hold(ring.verify(text) == payload, "a payload is not read back") }
    let token = Token(text, keys: ring)
    let isToken = payload.count == 37 && (1...4).contains(payload[0])
    try hold((token != nil) == isToken, "signed: \(payload)")
    if let token { try hold(token.signed(by: ring) == text, "a token signed anew is another one") }
    // One bit of it changed, wherever, and it is none.
    var forged = Array(text.utf8)
    let place = Int(truncatingIfNeeded: Cut.hash(of: payload) >> 8) & 0xFFFF
    forged[place % forged.count] ^= 1 << UInt8(place % 7)
    try hold(ring.verify(String(decoding: forged, as: UTF8.self)) == nil, "forged at \(place % forged.count): \(text)")
  }

  /// A file of keys that is taken signs and verifies.
  private static func check(file text: String) throws(Violation) {
    guard let ring = try? KeyRing(parsing: text) else { return }
    try hold(ring.verify(ring.sign([1, 2, 3])) == [1, 2, 3], "a file's first key does not verify: \(text)")
    try hold(Set(ring.verifying).count == ring.keys.count, "a name that stands for two keys: \(text)")
    try hold(ring.verifying.allSatisfy { !$0.isEmpty && $0.utf8.count <= 32 }, "the names are \(ring.verifying)")
  }
}
