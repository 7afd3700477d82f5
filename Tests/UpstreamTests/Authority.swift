import Glibc
import TestSupport

/// A certificate authority of a test's own, in a folder that goes with it.
final class Authority: Sendable {
  /// A certificate and its key.
  struct Identity: Sendable {
    let certificate: String
    let key: String
  }

  let folder: String
  let own: Identity

  var bundle: String { own.certificate }

  init(name: String = "Test authority") throws {
    var template = Array("/tmp/sluice-tls-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw ChildProcess.Failure(description: "no folder") }
    folder = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    own = Identity(certificate: "\(folder)/authority.pem", key: "\(folder)/authority.key")
    try ChildProcess.run(
      ["openssl", "req", "-x509", "-subj", "/CN=\(name)", "-days", "2", "-out", own.certificate]
        + Self.newKey(own.key))
  }

  deinit { try? ChildProcess.run(["rm", "-r", folder]) }

  /// `address`: the only one it is good for; `days` below 0: it has expired.
  func issue(_ name: String, address: String = "127.0.0.1", days: Int = 2) throws -> Identity {
    let identity = Identity(certificate: "\(folder)/\(name).pem", key: "\(folder)/\(name).key")
    let request = "\(folder)/\(name).csr"
    try ChildProcess.run(
      ["openssl", "req", "-subj", "/CN=\(name)", "-addext", "subjectAltName=IP:\(address)", "-out", request]
        + Self.newKey(identity.key))
    try ChildProcess.run([
      "openssl", "x509", "-req", "-in", request, "-copy_extensions", "copy", "-days", "\(days)",
      "-CA", own.certificate, "-CAkey", own.key, "-CAcreateserial", "-out", identity.certificate,
    ])
    return identity
  }

  /// The path of a copy of `key` that needs a password.
  func encrypt(_ key: String) throws -> String {
    let path = key + ".encrypted"
    try ChildProcess.run(["openssl", "ec", "-in", key, "-aes128", "-passout", "pass:secret", "-out", path])
    return path
  }

  private static func newKey(_ path: String) -> [String] {
    ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", path]
  }
}
