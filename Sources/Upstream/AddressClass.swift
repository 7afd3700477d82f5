/// Addresses where no provider can be, but what a machine's neighbours trust it with. Loopback and private networks are
/// none of these: models run there.
enum AddressClass: String, Sendable, CaseIterable {
  /// Connects to this machine (RFC 1122, section 3.2.1.3; RFC 4291, section 2.5.2).
  case unspecified
  /// Where clouds give a machine its credentials; some of them are link-local too.
  case metadata
  /// RFC 3927, RFC 4291, section 2.5.6.
  case linkLocal = "link-local"
  case multicast
  case broadcast

  /// Nil for one that may be a provider's. An address that stands for one of IPv4 is of that one's class.
  init?(_ address: IPAddress) {
    let meant = address.embedded ?? address
    for (network, name) in Self.networks where network.contains(meant) || network.contains(address) {
      self = name
      return
    }
    return nil
  }

  /// The first that contains an address names its class.
  private static let networks: [(IPNetwork, AddressClass)] = [
    ("0.0.0.0/8", .unspecified), ("::", .unspecified),
    ("169.254.169.254", .metadata),  // most clouds
    ("169.254.170.2", .metadata), ("169.254.170.23", .metadata),  // AWS, credentials of containers and pods
    ("fd00:ec2::/32", .metadata),  // AWS, fd00:ec2::254 among them
    ("fd20:ce::254", .metadata),  // Google
    ("100.100.100.200", .metadata),  // Alibaba
    ("168.63.129.16", .metadata),  // Azure
    ("192.0.0.192", .metadata),  // Oracle
    ("169.254.42.42", .metadata), ("fd00:42::42", .metadata),  // Scaleway
    ("fe80::a9fe:a9fe", .metadata),  // OpenStack
    ("169.254.0.0/16", .linkLocal), ("fe80::/10", .linkLocal),
    ("224.0.0.0/4", .multicast), ("ff00::/8", .multicast),
    ("255.255.255.255", .broadcast),
  ].compactMap { text, name in IPNetwork(text).map { ($0, name) } }
}
