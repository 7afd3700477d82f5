import Glibc

/// What holds for all transfers of a pool.
package struct UpstreamSettings: Sendable {
  /// A PEM file of the authorities that are trusted; nil where no usual place has one, and then every `https` fails.
  package var caBundle: String?
  /// How many transfers run and wait at one time, to begin with: `UpstreamPool.replace(bounds:)` changes it.
  package var bounds: UpstreamBounds
  /// Connections in all loops, busy and idle, up to which an idle one is kept when its transfer ends.
  package var keptConnections: Int
  /// The proxy for all hosts but those of `noProxy`; nil for none. The environment is never asked.
  package var proxy: UpstreamProxy?
  /// Hosts that are asked without the proxy: names, with their subdomains, and addresses or networks like `10.0.0.0/8`;
  /// `*` for all (CURLOPT_NOPROXY).
  package var noProxy: HostList
  /// Which hosts and addresses may be reached.
  package var addresses: AddressGuard
  package var userAgent: String

  package init(
    caBundle: String? = Self.systemBundle(), bounds: UpstreamBounds = UpstreamBounds(), keptConnections: Int = 2_000,
    proxy: UpstreamProxy? = nil, noProxy: String = "", addresses: AddressGuard = AddressGuard(),
    userAgent: String = "sluice"
  ) {
    self.caBundle = caBundle
    self.bounds = bounds
    self.keptConnections = max(1, keptConnections)
    self.proxy = proxy
    self.noProxy = HostList(noProxy: noProxy)
    self.addresses = addresses
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
