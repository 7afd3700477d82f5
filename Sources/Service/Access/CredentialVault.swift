import Chat
import Crypto
import FoundationEssentials
package import Store

/// Gives the secrets of credentials: from the environment or a file of this machine, or sealed in the database.
///
/// Sealed is AES-256-GCM (nonce, ciphertext, tag) under a key derived from one of the key file's by HKDF-SHA-256; the
/// credential's id is authenticated with it, so that what is sealed for one opens in no other.
package struct CredentialVault: Sendable {
  /// Nil: this node has no key file, and opens nothing.
  private let keys: KeyRing?

  package init(keys: KeyRing?) { self.keys = keys }

  package struct Unavailable: Error, CustomStringConvertible {
    /// Never holds a secret.
    package let description: String
  }

  package func secret(_ secret: StartStore.Secret, of credential: String) throws(Unavailable) -> String {
    switch secret {
    case .reference(let reference):
      guard let secret = CredentialSource.secret(of: reference) else {
        throw Unavailable(description: "credential \(reference) is not there")
      }
      return secret
    case .sealed(let sealed, let key): return try open(sealed, key: key, for: credential)
    }
  }

  /// Seals with the first key. `credential`: its id. Throws if there is no key.
  package func seal(_ secret: String, for credential: String) throws(Unavailable) -> (sealed: [UInt8], key: String) {
    guard let key = keys?.keys.first else { throw Self.noKeys }
    do {
      let box = try AES.GCM.seal(
        Array(secret.utf8), using: Self.derived(key.secret), authenticating: Array(credential.utf8))
      guard let combined = box.combined else { throw Unavailable(description: "the secret cannot be sealed") }
      return (Array(combined), key.name)
    } catch {
      throw Unavailable(description: "the secret cannot be sealed")
    }
  }

  /// A sealed secret of the credential `id`. Throws if it does not open.
  package func open(_ secret: SealedSecret) throws(Unavailable) -> String {
    try open(secret.sealed, key: secret.key, for: secret.id.description)
  }

  /// Whether there is a key of that name.
  package func has(key name: String) -> Bool { keys?.keys.contains { $0.name == name } ?? false }

  /// The name of the key that seals; nil if there is none.
  package var sealing: String? { keys?.keys.first?.name }

  private func open(_ sealed: [UInt8], key name: String, for credential: String) throws(Unavailable) -> String {
    guard let keys else { throw Self.noKeys }
    guard let key = keys.keys.first(where: { $0.name == name }) else {
      throw Unavailable(description: "credential is sealed with key \(name), which is not in credential_keys")
    }
    do {
      let box = try AES.GCM.SealedBox(combined: sealed)
      let secret = try AES.GCM.open(box, using: Self.derived(key.secret), authenticating: Array(credential.utf8))
      return String(decoding: secret, as: UTF8.self)
    } catch {
      throw Unavailable(description: "credential does not open with key \(name)")
    }
  }

  private static let noKeys = Unavailable(description: "credential is sealed, and there is no credential_keys")

  private static func derived(_ secret: SymmetricKey) -> SymmetricKey {
    HKDF<SHA256>.deriveKey(inputKeyMaterial: secret, info: Array("sluice credential v1".utf8), outputByteCount: 32)
  }
}
