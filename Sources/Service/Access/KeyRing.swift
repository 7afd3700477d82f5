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
    let bytes = token.utf8.span
    guard bytes.count <= 512, let dots = Self.dots(in: bytes), dots[0] == 2, bytes[0] == 0x76, bytes[1] == 0x31,
      let key = keys.first(where: { Self.equal($0.name, bytes.extracting(3..<dots[1])) }),
      let mac = Base64URL.decode(bytes.extracting((dots[2] + 1)...))
    else { return nil }
    let isValid = bytes.extracting(..<dots[2]).withUnsafeBytes {
      HMAC<SHA256>.isValidAuthenticationCode(mac, authenticating: $0, using: key.secret)
    }
    return isValid ? Base64URL.decode(bytes.extracting((dots[1] + 1)..<dots[2])) : nil
  }

  /// Where the three dots stand; nil if there are more or fewer.
  private static func dots(in token: borrowing Span<UInt8>) -> InlineArray<3, Int>? {
    var dots = InlineArray<3, Int>(repeating: 0)
    var count = 0
    for index in token.indices where token[index] == 0x2E {
      guard count < 3 else { return nil }
      dots[count] = index
      count += 1
    }
    return count == 3 ? dots : nil
  }

  private static func equal(_ name: String, _ bytes: borrowing Span<UInt8>) -> Bool {
    let name = name.utf8.span
    guard name.count == bytes.count else { return false }
    for index in name.indices where name[index] != bytes[index] { return false }
    return true
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
