import Crypto
import FoundationEssentials
import JWTKit

/// Checks signatures by one key. The one place that knows JWTKit.
struct Verifier: Sendable {
  let key: WebKey
  private let algorithm: any JWTAlgorithm

  /// Nil for a key that is none: no point of its curve, a modulus that is too short.
  init?(_ key: WebKey) async {
    guard let algorithm = await Self.algorithm(for: key), algorithm.name == key.algorithm else { return nil }
    self.key = key
    self.algorithm = algorithm
  }

  func accepts(_ signature: [UInt8], of signed: [UInt8]) -> Bool {
    (try? algorithm.verify(signature, signs: signed)) == true
  }

  /// JWTKit gives an algorithm with its key only out of a collection.
  private static func algorithm(for key: WebKey) async -> (any JWTAlgorithm)? {
    let keys = JWTKeyCollection()
    do {
      switch key.material {
      case .ed25519(let x): await keys.add(eddsa: try EdDSA.PublicKey(x: x, curve: .ed25519))
      case .p256(let x, let y): await keys.add(ecdsa: try ES256PublicKey(parameters: (x, y)))
      case .rsa(let modulus, let exponent):
        await keys.add(
          rsa: try Insecure.RSA.PublicKey(modulus: modulus, exponent: exponent), digestAlgorithm: .sha256)
      case .shared(let secret): await keys.add(hmac: HMACKey(from: secret), digestAlgorithm: .sha256)
      }
      return try await keys.getKey()
    } catch {
      return nil
    }
  }
}
