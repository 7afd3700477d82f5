import NIOSSL

/// A socket that speaks TLS, and what it shows and asks for.
struct TLSListener: Equatable, Sendable {
  let endpoint: Endpoint
  /// A PEM file: the certificate, then those it is signed by.
  let certificate: String
  /// A PEM file.
  let key: String
  /// A PEM file of the authorities that client certificates must be signed by; nil asks for none.
  let clientCA: String?

  /// Pairs the options of the command line: the first of each belong together, and so on.
  /// - Throws: ``Mismatch`` if they are not equally many; `clientCAs` may also be empty.
  static func pair(
    _ endpoints: [Endpoint], certificates: [String], keys: [String], clientCAs: [String]
  ) throws(Mismatch) -> [TLSListener] {
    guard certificates.count == endpoints.count, keys.count == endpoints.count,
      clientCAs.isEmpty || clientCAs.count == endpoints.count
    else { throw Mismatch() }
    return endpoints.indices.map { index in
      let authority = clientCAs.isEmpty || clientCAs[index] == "none" ? nil : clientCAs[index]
      return TLSListener(
        endpoint: endpoints[index], certificate: certificates[index], key: keys[index], clientCA: authority)
    }
  }

  struct Mismatch: Error, Equatable {}

  /// Reads the files.
  /// - Throws: swift-nio-ssl's error if one cannot be read or used.
  func context() throws -> NIOSSLContext {
    let chain = try NIOSSLCertificate.fromPEMFile(certificate).map { NIOSSLCertificateSource.certificate($0) }
    var configuration = TLSConfiguration.makeServerConfiguration(
      certificateChain: chain, privateKey: .privateKey(try NIOSSLPrivateKey(file: key, format: .pem)))
    configuration.applicationProtocols = ["http/1.1"]
    if let clientCA {
      // Clients have no name to check: any certificate of this authority will do.
      configuration.certificateVerification = .noHostnameVerification
      configuration.trustRoots = .file(clientCA)
    }
    return try NIOSSLContext(configuration: configuration)
  }
}
