package import Crypto
import FoundationEssentials
import Wire

/// The keys that sign tokens: the first line of the file signs, all verify. The same file on all nodes.
///
/// A line is `kid: secret`; the secret is at least 32 bytes, used as written. Blank lines and lines that begin with `#`
/// do not count.
package struct KeyRing: Sendable {
  package struct Key: Sendable {
    package let name: String
    package let secret: SymmetricKey
  }

  package let keys: [Key]

  /// Why a key file is refused. Never holds a secret.
  package struct Invalid: Error, CustomStringConvertible {
    package let description: String
  }

  package init(parsing text: String) throws(Invalid) {
    var keys: [Key] = []
    for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      let line = line.trimming { $0 == " " || $0 == "\t" || $0 == "\r" }
      if line.isEmpty || line.hasPrefix("#") { continue }
      guard let colon = line.firstIndex(of: ":") else {
        throw Invalid(description: "line \(index + 1): expected `kid: secret`")
      }
      let name = String(line[..<colon])
      let secret = line[line.index(after: colon)...].trimming { $0 == " " || $0 == "\t" }
      guard !name.isEmpty, name.utf8.count <= 32, name.utf8.allSatisfy(Self.isNameByte) else {
        throw Invalid(description: "line \(index + 1): a kid is 1 to 32 letters, digits, `_` or `-`")
      }
      guard secret.utf8.count >= 32 else {
        throw Invalid(description: "line \(index + 1): the secret of `\(name)` is shorter than 32 bytes")
      }
      guard !keys.contains(where: { $0.name == name }) else {
        throw Invalid(description: "line \(index + 1): `\(name)` appears twice")
      }
      keys.append(Key(name: name, secret: SymmetricKey(data: Array(secret.utf8))))
    }
    guard !keys.isEmpty else { throw Invalid(description: "no key in it") }
    self.keys = keys
  }

  /// The name of the key that signs.
  package var signing: String { keys[0].name }

  /// The names of all, in alphabetical order.
  package var verifying: [String] { keys.map(\.name).sorted() }

  private static func isNameByte(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x5F: true
    default: false
    }
  }

  /// `v1.kid.payload.mac`
  package func sign(_ payload: [UInt8]) -> String {
    let key = keys[0]
    let signed = "v1.\(key.name).\(Base64URL.encode(payload))"
    let mac = HMAC<SHA256>.authenticationCode(for: Array(signed.utf8), using: key.secret)
    return "\(signed).\(Base64URL.encode(Array(mac)))"
  }

  /// The payload, or nil if the token is malformed, of an unknown key or forged. Compares in constant time.
  package func verify(_ token: String) -> [UInt8]? {
    let bytes = Array(token.utf8)
    guard bytes.count <= 512 else { return nil }
    let parts = bytes.split(separator: 0x2E, omittingEmptySubsequences: false)
    guard parts.count == 4, parts[0].elementsEqual("v1".utf8), let mac = Base64URL.decode(parts[3]),
      let key = keys.first(where: { parts[1].elementsEqual($0.name.utf8) }),
      HMAC<SHA256>.isValidAuthenticationCode(
        mac, authenticating: bytes[..<(parts[3].startIndex - 1)], using: key.secret)
    else { return nil }
    return Base64URL.decode(parts[2])
  }
}

extension StringProtocol {
  /// Without what `drop` matches at both ends.
  package func trimming(_ drop: (Character) -> Bool) -> SubSequence {
    guard let first = firstIndex(where: { !drop($0) }), let last = lastIndex(where: { !drop($0) }) else {
      return self[endIndex...]
    }
    return self[first...last]
  }
}
