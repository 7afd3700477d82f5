import Glibc

/// An IPv4 or IPv6 address. One of IPv4 that is mapped into IPv6 (`::ffff:a.b.c.d`) is the IPv4 address: the kernel
/// connects to that.
enum IPAddress: Hashable, Sendable {
  case v4(UInt32)
  case v6(UInt128)

  private init(_ bits: UInt128) { self = bits >> 32 == 0xFFFF ? .v4(UInt32(truncatingIfNeeded: bits)) : .v6(bits) }

  /// In the usual notations of RFC 4291 and dotted decimal, IPv6 with or without brackets. Nil for anything else, zones
  /// included.
  init?(_ text: some StringProtocol) {
    var text = text[...]
    if text.hasPrefix("["), text.hasSuffix("]") { text = text.dropFirst().dropLast() }
    var (v4, v6) = (in_addr(), in6_addr())
    if inet_pton(AF_INET, String(text), &v4) == 1 {
      self = .v4(UInt32(bigEndian: v4.s_addr))
    } else if inet_pton(AF_INET6, String(text), &v6) == 1 {
      self.init(Self.bits(of: v6))
    } else {
      return nil
    }
  }

  /// Nil for a family that is neither.
  init?(_ address: UnsafePointer<sockaddr>) {
    let raw = UnsafeRawPointer(address)
    switch Int32(address.pointee.sa_family) {
    case AF_INET: self = .v4(UInt32(bigEndian: raw.loadUnaligned(as: sockaddr_in.self).sin_addr.s_addr))
    case AF_INET6: self.init(Self.bits(of: raw.loadUnaligned(as: sockaddr_in6.self).sin6_addr))
    default: return nil
    }
  }

  private static func bits(of address: in6_addr) -> UInt128 {
    withUnsafeBytes(of: address) { UInt128(bigEndian: $0.loadUnaligned(as: UInt128.self)) }
  }

  /// The IPv4 address that a gateway would pass packets for this one on to; nil if there is none.
  var embedded: IPAddress? {
    guard case .v6(let bits) = self else { return nil }
    let last = UInt32(truncatingIfNeeded: bits)
    return switch true {
    case bits >> 32 == 0x0064_FF9B << 64: .v4(last)  // NAT64, 64:ff9b::/96 (RFC 6052)
    case bits >> 80 == 0x0064_FF9B_0001: .v4(last)  // NAT64 of a site's own, 64:ff9b:1::/48 (RFC 8215), as /96
    case bits >> 112 == 0x2002: .v4(UInt32(truncatingIfNeeded: bits >> 80))  // 6to4, 2002::/16 (RFC 3056)
    case bits >> 96 == 0x2001_0000: .v4(~last)  // Teredo, 2001::/32 (RFC 4380)
    case bits >> 32 == 0xFFFF << 16: .v4(last)  // translated, ::ffff:0:0:0/96 (RFC 2765)
    case bits >> 32 == 0 && bits > 1: .v4(last)  // "compatible", ::/96 (RFC 4291, section 2.5.5.1)
    default: nil
    }
  }
}

extension IPAddress: CustomStringConvertible {
  var description: String {
    switch self {
    case .v4(let bits):
      return (0..<4).map { String(bits >> (24 - 8 * UInt32($0)) & 0xFF) }.joined(separator: ".")
    case .v6(let bits):
      var address = in6_addr()
      withUnsafeMutableBytes(of: &address) { $0.storeBytes(of: bits.bigEndian, as: UInt128.self) }
      var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
      inet_ntop(AF_INET6, &address, &text, socklen_t(text.count))
      return String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
  }
}
