import Service

/// A secret on standard input: nobody sees it in a list of processes or in a shell's history.
enum SecretInput {
  /// What a row holds, less what sealing adds: nonce and tag.
  static let limit = 65_536 - 28

  /// Without the white space around it, as with a secret in a file. Throws a usage error that repeats nothing of it.
  static func read() throws -> String {
    guard let bytes = ArgumentText.bytes(of: "/dev/stdin", limit: limit) else {
      throw misuse("--secret-stdin: standard input cannot be read, or is longer than \(limit) bytes")
    }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw misuse("--secret-stdin: standard input is not UTF-8")
    }
    let secret = String(text.trimming { $0.isWhitespace })
    if secret.isEmpty { throw misuse("--secret-stdin: standard input holds no secret") }
    return secret
  }
}
