import Glibc

/// What one request needs of TLS beyond the pool's settings: a gateway with an authority of its own, or one that wants
/// to know its clients. All are paths of PEM files, read for each new connection; a connection is used again only by
/// requests that name the same ones.
package struct UpstreamTLS: Sendable, Equatable {
  /// Authorities to trust instead of the pool's; nil for the pool's.
  package var caBundle: String?
  /// The client's certificate, followed by the rest of its chain; nil for none.
  package var certificate: String?
  /// Its private key, not encrypted; nil if it stands in the certificate's file.
  package var key: String?

  package init(caBundle: String? = nil, certificate: String? = nil, key: String? = nil) {
    self.caBundle = caBundle
    self.certificate = certificate
    self.key = key
  }

  /// Throws `tlsFile` if one of the files cannot be read.
  func check() throws(TransferError) {
    try Self.check(caBundle, "CA bundle")
    try Self.check(certificate, "client certificate")
    try Self.check(key, "client key")
  }

  /// Throws `tlsFile` if there is a path and it cannot be read. `role` says what the file is for.
  static func check(_ path: String?, _ role: String) throws(TransferError) {
    guard let path, access(path, R_OK) != 0 else { return }
    throw TransferError(.tlsFile, cause: "cannot read the \(role) \(path): \(String(cString: strerror(errno)))")
  }
}
