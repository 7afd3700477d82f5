import Wire

/// A key that an issuer signs with, as it was published or agreed, checked for its form.
struct WebKey: Sendable, Hashable {
  /// With what is needed to check a signature: base64url as in RFC 7518, section 6, and RFC 8037.
  enum Material: Sendable, Hashable {
    case ed25519(x: String)
    case p256(x: String, y: String)
    case rsa(modulus: String, exponent: String)
    case shared([UInt8])
  }

  /// `kid`; nil if it has none.
  let name: String?
  let material: Material

  init(name: String? = nil, _ material: Material) {
    self.name = name
    self.material = material
  }

  /// The one algorithm that it is for: no key serves two, so none can be taken for another's.
  var algorithm: String {
    switch material {
    case .ed25519: "EdDSA"
    case .p256: "ES256"
    case .rsa: "RS256"
    case .shared: "HS256"
    }
  }

  /// A public key of a set (RFC 7517, section 4). Nil for one that is of no use here: of another kind, too weak, for
  /// encryption, or a private one, which is none any more once it was published.
  init?(_ jwk: JSONElement) {
    func text(_ name: StaticString) -> String? { jwk[name]?.string }
    func isText(_ name: StaticString) -> Bool { jwk[name]?.kind ?? .string == .string }
    guard isText("kid"), isText("alg"), isText("use"), jwk["d"] == nil, jwk["k"] == nil else { return nil }
    switch (text("kty"), text("crv")) {
    case ("OKP", "Ed25519"):
      guard let x = text("x"), Self.bytes(x) == 32 else { return nil }
      material = .ed25519(x: x)
    case ("EC", "P-256"):
      guard let x = text("x"), Self.bytes(x) == 32, let y = text("y"), Self.bytes(y) == 32 else { return nil }
      material = .p256(x: x, y: y)
    case ("RSA", _):
      guard let n = text("n"), (256...1_024).contains(Self.bytes(n)), let e = text("e"), (1...4).contains(Self.bytes(e))
      else { return nil }
      material = .rsa(modulus: n, exponent: e)
    default: return nil
    }
    name = text("kid")
    if let name, !(1...255).contains(name.utf8.count) { return nil }
    if let said = text("alg"), said != algorithm { return nil }
    if let use = text("use"), use != "sig" { return nil }
    if let operations = jwk["key_ops"], !operations.elements.contains(where: { $0.string == "verify" }) { return nil }
  }

  /// How many bytes it stands for; 0 for what is not base64url.
  private static func bytes(_ text: String) -> Int { Base64URL.decode(text)?.count ?? 0 }
}
