import Glibc

/// What holds for all transfers of a pool.
package struct UpstreamSettings: Sendable {
  /// A PEM file of the authorities that are trusted; nil where no usual place has one, and then every `https` fails.
  package var caBundle: String?
  /// Transfers at one time in all loops; one more fails at once with `tooManyTransfers`.
  package var maxTransfers: Int
  /// Connections to one host in all loops; a transfer beyond them waits for a free one, within its connect limit.
  package var maxConnectionsPerHost: Int
  /// Connections in all loops, busy and idle, up to which an idle one is kept when its transfer ends.
  package var keptConnections: Int
  package var userAgent: String

  package init(
    caBundle: String? = Self.systemBundle(), maxTransfers: Int = 10_000, maxConnectionsPerHost: Int = 10_000,
    keptConnections: Int = 2_000, userAgent: String = "sluice"
  ) {
    self.caBundle = caBundle
    self.maxTransfers = max(1, maxTransfers)
    self.maxConnectionsPerHost = max(1, maxConnectionsPerHost)
    self.keptConnections = max(1, keptConnections)
    self.userAgent = userAgent
  }

  /// The first that can be read of the files where Debian and Alpine, Red Hat and SUSE keep their bundle.
  package static func systemBundle() -> String? {
    [
      "/etc/ssl/certs/ca-certificates.crt",
      "/etc/pki/tls/certs/ca-bundle.crt",
      "/etc/ssl/ca-bundle.pem",
      "/etc/ssl/cert.pem",
    ].first { access($0, R_OK) == 0 }
  }
}
