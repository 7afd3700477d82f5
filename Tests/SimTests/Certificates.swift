import Glibc
import TestSupport

/// Certificates of a test's own, made by `openssl` in a temporary folder that goes with it.
final class Certificates: Sendable {
  private let folder: String

  /// An authority: `ca`.
  init() throws {
    var template = Array("/tmp/sluice-sim-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw ChildProcess.Failure(description: "no folder") }
    folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    try openssl(["req", "-x509", "-days", "2", "-subj", "/CN=Test authority", "-out", pem("ca")] + newKey("ca"))
  }

  deinit {
    guard let entries = opendir(folder) else { return }
    while let entry = readdir(entries) {
      withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { _ = unlinkat(dirfd(entries), $0, 0) }
      }
    }
    closedir(entries)
    rmdir(folder)
  }

  func pem(_ name: String) -> String { folder + "/\(name).pem" }
  func key(_ name: String) -> String { folder + "/\(name).key" }

  /// Makes a certificate signed by the authority, for 127.0.0.1.
  func make(_ name: String, subject: String) throws {
    let request = folder + "/\(name).csr"
    try openssl(
      ["req", "-utf8", "-subj", subject, "-addext", "subjectAltName=IP:127.0.0.1", "-out", request] + newKey(name))
    try openssl(
      "x509", "-req", "-in", request, "-CA", pem("ca"), "-CAkey", key("ca"), "-set_serial", "7", "-days", "2",
      "-copy_extensions", "copy", "-out", pem(name))
  }

  private func newKey(_ name: String) -> [String] {
    ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key(name)]
  }

  private func openssl(_ words: String...) throws { try openssl(words) }

  private func openssl(_ words: [String]) throws { try ChildProcess.run(["openssl"] + words) }
}
