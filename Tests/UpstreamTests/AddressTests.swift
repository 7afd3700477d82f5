import Testing

@testable import Upstream

@Suite("What an address is")
struct AddressTests {
  @Test(arguments: [
    ("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "0.0.0.0"), ("255.255.255.255", "255.255.255.255"), ("::", "::"),
    ("::1", "::1"), ("[FE80::1]", "fe80::1"), ("2001:db8:0:0::1", "2001:db8::1"), ("::ffff:10.1.2.3", "10.1.2.3"),
    ("::ffff:a01:203", "10.1.2.3"), ("::fffe:10.1.2.3", "::fffe:a01:203"), ("64:ff9b::1.2.3.4", "64:ff9b::102:304"),
  ])
  func notations(text: String, printed: String) throws {
    #expect(try #require(IPAddress(text)).description == printed)
  }

  @Test(arguments: ["", "1.2.3", "1.2.3.4.5", "256.1.1.1", "01x", "fe80::1%lo", "[::1", "::1]", "host", "1.2.3.4/8"])
  func whatIsNoAddress(text: String) {
    #expect(IPAddress(text) == nil)
  }

  /// All notations of an IPv4 address within IPv6.
  private func disguises(_ a: Int, _ b: Int, _ c: Int, _ d: Int) -> [String] {
    let (high, low) = (String(a << 8 | b, radix: 16), String(c << 8 | d, radix: 16))
    let (inverseHigh, inverseLow) = (String((a << 8 | b) ^ 0xFFFF, radix: 16), String((c << 8 | d) ^ 0xFFFF, radix: 16))
    return [
      "\(a).\(b).\(c).\(d)", "::ffff:\(a).\(b).\(c).\(d)", "64:ff9b::\(high):\(low)", "64:ff9b:1::\(high):\(low)",
      "64:ff9b:1:7:8:9:\(high):\(low)", "2002:\(high):\(low)::1", "2002:\(high):\(low):1:2:3:4:5",
      "2001:0:1:2:3:4:\(inverseHigh):\(inverseLow)", "::ffff:0:\(high):\(low)", "::\(high):\(low)",
    ]
  }

  @Test(arguments: [
    ([0, 0, 0, 0], AddressClass.unspecified), ([0, 255, 255, 255], .unspecified), ([169, 254, 0, 0], .linkLocal),
    ([169, 254, 255, 255], .linkLocal), ([169, 254, 169, 253], .linkLocal), ([169, 254, 169, 254], .metadata),
    ([169, 254, 170, 2], .metadata), ([169, 254, 170, 23], .metadata), ([169, 254, 42, 42], .metadata),
    ([100, 100, 100, 200], .metadata), ([168, 63, 129, 16], .metadata), ([192, 0, 0, 192], .metadata),
    ([224, 0, 0, 0], .multicast), ([239, 255, 255, 255], .multicast), ([255, 255, 255, 255], .broadcast),
  ])
  func classesInEachDisguise(bytes: [Int], name: AddressClass) throws {
    for text in disguises(bytes[0], bytes[1], bytes[2], bytes[3]) {
      #expect(AddressClass(try #require(IPAddress(text))) == name, "\(text)")
    }
  }

  @Test(arguments: [
    ("::", AddressClass.unspecified), ("fe80::", .linkLocal), ("fe80::1", .linkLocal),
    ("febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff", .linkLocal), ("fd00:ec2::254", .metadata), ("fd00:ec2::23", .metadata),
    ("fd20:ce::254", .metadata), ("fd00:42::42", .metadata), ("fe80::a9fe:a9fe", .metadata), ("ff00::", .multicast),
    ("ff02::1", .multicast), ("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", .multicast),
  ])
  func classesOfIPv6(text: String, name: AddressClass) throws {
    #expect(AddressClass(try #require(IPAddress(text))) == name)
  }

  @Test(arguments: [
    [1, 0, 0, 0], [127, 0, 0, 1], [127, 255, 255, 255], [10, 0, 0, 1], [172, 16, 0, 1], [192, 168, 0, 1], [8, 8, 8, 8],
    [169, 253, 255, 255], [169, 255, 0, 0], [223, 255, 255, 255], [240, 0, 0, 0], [255, 255, 255, 254],
    [100, 100, 100, 201], [168, 63, 129, 17], [192, 0, 0, 191],
  ])
  func whatMayBeReachedInEachDisguise(bytes: [Int]) throws {
    for text in disguises(bytes[0], bytes[1], bytes[2], bytes[3]) {
      #expect(AddressClass(try #require(IPAddress(text))) == nil, "\(text)")
    }
  }

  @Test(arguments: [
    "::1", "fc00::1", "fd00::1", "fe7f:ffff::1", "fec0::1", "feff:ffff::1", "2606:4700::1111", "fd00:ec1::254",
    "fd20:ce::253",
  ])
  func ipv6ThatMayBeReached(text: String) throws {
    #expect(AddressClass(try #require(IPAddress(text))) == nil)
  }

  // MARK: networks

  @Test(arguments: [
    (
      "10.0.0.0/8", ["10.0.0.0", "10.255.255.255", "::ffff:10.1.1.1"],
      ["9.255.255.255", "11.0.0.0", "::a01:101", "::1"]
    ),
    ("0.0.0.0/0", ["0.0.0.0", "255.255.255.255"], ["::", "::1"]), ("128.0.0.0/1", ["255.0.0.0"], ["127.255.255.255"]),
    ("192.0.2.2/31", ["192.0.2.2", "192.0.2.3"], ["192.0.2.1", "192.0.2.4"]),
    ("192.0.2.1/32", ["192.0.2.1"], ["192.0.2.0"]), ("192.0.2.1", ["192.0.2.1"], ["192.0.2.3"]),
    ("::/0", ["::", "ff::"], ["1.2.3.4"]), ("fd00::/8", ["fd00::1", "fdff::"], ["fc00::", "fe00::", "::1"]),
    ("8000::/1", ["ffff::"], ["7fff::"]), ("2001:db8::2/127", ["2001:db8::3"], ["2001:db8::1", "2001:db8::4"]),
    ("::1", ["::1"], ["::", "::2"]), ("::1/128", ["::1"], ["::2"]), ("[fd00::1]", ["fd00::1"], ["fd00::2"]),
    ("::ffff:10.0.0.0/104", ["10.9.9.9", "::ffff:10.9.9.9"], ["11.0.0.0"]),
  ])
  func networks(text: String, inside: [String], outside: [String]) throws {
    let network = try #require(IPNetwork(text))
    for address in inside { #expect(network.contains(try #require(IPAddress(address))), "\(address)") }
    for address in outside { #expect(!network.contains(try #require(IPAddress(address))), "\(address)") }
  }

  @Test(arguments: [
    "", "/", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/+8", "10.0.0.0/8/8", "10.0.0.1/8", "10/8",
    "::/129", "fd00::1/8", "::ffff:10.0.0.0/8", "::ffff:10.0.0.0/129", "10.0.0.0 /8", "10.0.0.0/8 ", "host/8",
    "10.0.0.0/a",
  ])
  func whatIsNoNetwork(text: String) {
    #expect(IPNetwork(text) == nil)
  }
}
