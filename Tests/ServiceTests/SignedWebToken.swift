import Crypto
import CryptoExtras
import FoundationEssentials
import Wire

@testable import Service

/// Keys of every kind with their public halves as a set publishes them, and JWTs that they sign: by our own hands, so
/// that any nonsense can be signed.
struct SigningKey: Sendable {
  let algorithm: String
  /// Nil for a shared secret.
  let jwk: String?
  let key: WebKey
  private let sign: @Sendable ([UInt8]) throws -> [UInt8]

  static func ed25519(_ kid: String = "ed") throws -> SigningKey {
    let key = Curve25519.Signing.PrivateKey()
    let x = Base64URL.encode(Array(key.publicKey.rawRepresentation))
    return SigningKey(
      algorithm: "EdDSA", jwk: #"{"kty":"OKP","crv":"Ed25519","kid":"\#(kid)","x":"\#(x)"}"#,
      key: WebKey(name: kid, .ed25519(x: x))
    ) { Array(try key.signature(for: $0)) }
  }

  static func p256(_ kid: String = "ec") throws -> SigningKey {
    let key = P256.Signing.PrivateKey()
    let raw = Array(key.publicKey.rawRepresentation)
    let (x, y) = (Base64URL.encode(Array(raw.prefix(32))), Base64URL.encode(Array(raw.suffix(32))))
    return SigningKey(
      algorithm: "ES256",
      jwk: #"{"kty":"EC","crv":"P-256","kid":"\#(kid)","x":"\#(x)","y":"\#(y)","use":"sig","alg":"ES256"}"#,
      key: WebKey(name: kid, .p256(x: x, y: y))
    ) { Array(try key.signature(for: $0).rawRepresentation) }
  }

  static func rsa(_ kid: String = "rsa") throws -> SigningKey {
    let key = try _RSA.Signing.PrivateKey(keySize: .bits2048)
    let primitives = try key.publicKey.getKeyPrimitives()
    let (n, e) = (
      Base64URL.encode(Array(primitives.modulus)), Base64URL.encode(Array(primitives.publicExponent))
    )
    return SigningKey(
      algorithm: "RS256", jwk: #"{"kty":"RSA","kid":"\#(kid)","n":"\#(n)","e":"\#(e)","key_ops":["verify"]}"#,
      key: WebKey(name: kid, .rsa(modulus: n, exponent: e))
    ) { Array(try key.signature(for: SHA256.hash(data: $0), padding: .insecurePKCS1v1_5).rawRepresentation) }
  }

  static func shared(_ secret: [UInt8] = Array("0123456789abcdef0123456789abcdef".utf8)) -> SigningKey {
    SigningKey(algorithm: "HS256", jwk: nil, key: WebKey(.shared(secret))) {
      Array(HMAC<SHA256>.authenticationCode(for: $0, using: SymmetricKey(data: secret)))
    }
  }

  func signed(header: String, claims: String) throws -> String {
    let text = "\(Base64URL.encode(Array(header.utf8))).\(Base64URL.encode(Array(claims.utf8)))"
    return "\(text).\(Base64URL.encode(try sign(Array(text.utf8))))"
  }

  /// With the header that goes with the key.
  func signed(claims: String) throws -> String {
    let kid = key.name.map { #","kid":"\#($0)""# } ?? ""
    return try signed(header: #"{"alg":"\#(algorithm)","typ":"JWT"\#(kid)}"#, claims: claims)
  }
}
