import Testing

@testable import Upstream

@Suite("Lists of hosts")
struct HostListTests {
  @Test(arguments: [
    ("api.example.com", true), ("API.Example.com.", true), ("example.com", false), ("x.api.example.com", false),
    ("domain.test", true), ("a.domain.test", true), ("a.b.domain.test", true), ("adomain.test", false),
    ("domain.test.evil", false), ("10.1.2.3", true), ("11.1.2.3", false), ("[fd00::9]", true), ("[fd01::9]", false),
    ("[::ffff:10.1.2.3]", true), ("", false), ("local_host", true),
  ])
  func whoIsInIt(host: String, isIn: Bool) throws {
    let list = try HostList(" Api.example.com , .Domain.test,, 10.0.0.0/8,fd00::/16,local_host ")
    #expect(list.contains(host: host) == isIn)
  }

  @Test(arguments: [
    "*", "*.example.com", "https://example.com", "example.com:443", "example.com/8", "10.0.0.1/8", "10.0.0",
    "1.2.3.4.5",
    "a..b", "..a", ".", "a b", "300.1.1.1", "[::1", "a@b",
  ])
  func aWordThatIsRefused(word: String) {
    for text in [word, "example.com,\(word)"] {
      let error = #expect(throws: TransferError.self) { try HostList(text) }
      #expect(error?.code == .refusedAddress)
      #expect(error?.cause.hasPrefix("`\(word)`") == true)
    }
  }

  @Test func nothingIsNobody() throws {
    #expect(try HostList(" , ") == HostList())
    #expect(!HostList().contains(host: "localhost"))
  }

  @Test(arguments: [
    ("example.com", "example.com", true), ("example.com", "api.example.com", true),
    (".example.com", "example.com", true),
    ("example.com", "anexample.com", false), ("a.test b.test,c.test", "b.test", true), ("10.0.0.0/8", "10.1.1.1", true),
    ("10.0.0.0/8", "11.1.1.1", false), ("::1", "[::1]", true), ("*", "anything", true), ("", "anything", false),
    ("*,a.test", "b.test", false), ("a.test.", "A.test", true),
  ])
  func hostsThatNeedNoProxy(list: String, host: String, isIn: Bool) {
    #expect(HostList(noProxy: list).contains(host: host) == isIn)
  }

  // MARK: what the guard makes of them

  private func admit(
    _ host: String, allowed: String = "", only: String? = nil, proxied: Bool = false
  ) throws -> AddressGuard.Passage {
    let addresses = AddressGuard(allowed: try HostList(allowed), only: try only.map { try HostList($0) })
    return try addresses.admit(host: host, proxied: proxied)
  }

  private func expectRefusal(_ cause: String, _ body: () throws -> AddressGuard.Passage) {
    #expect(throws: TransferError(.refusedAddress, cause: cause)) { try body() }
  }

  @Test func byDefaultTheClassIsChecked() throws {
    #expect(try admit("api.example.com") == .init(checksClass: true, checksOnly: false))
    #expect(try admit("127.0.0.1") == .init(checksClass: true, checksOnly: false))
    expectRefusal("169.254.169.254: a metadata address; upstream_allow does not list it") {
      try admit("169.254.169.254")
    }
    expectRefusal("[fe80::1]: a link-local address; upstream_allow does not list it") { try admit("[fe80::1]") }
  }

  @Test func whatIsAllowedIsNotChecked() throws {
    #expect(try admit("gw.test", allowed: "gw.test") == .init(checksClass: false, checksOnly: false))
    #expect(try admit("169.254.8.1", allowed: "169.254.8.0/24") == .init(checksClass: false, checksOnly: false))
    expectRefusal("169.254.9.1: a link-local address; upstream_allow does not list it") {
      try admit("169.254.9.1", allowed: "169.254.8.0/24,gw.test")
    }
  }

  @Test func onlyTheseAloneByNameOrAddress() throws {
    #expect(try admit("a.test", only: ".test") == .init(checksClass: true, checksOnly: false))
    #expect(try admit("b.example", only: ".test,10.0.0.0/8") == .init(checksClass: true, checksOnly: true))
    #expect(try admit("10.1.1.1", only: "10.0.0.0/8") == .init(checksClass: true, checksOnly: false))
    expectRefusal("b.example: upstream_only does not list it") { try admit("b.example", only: ".test") }
    expectRefusal("11.1.1.1: upstream_only does not list it") { try admit("11.1.1.1", only: "10.0.0.0/8") }
    // Listed is not yet allowed, and allowed is not yet listed.
    expectRefusal("169.254.1.1: a link-local address; upstream_allow does not list it") {
      try admit("169.254.1.1", only: "169.254.0.0/16")
    }
    expectRefusal("gw.test: upstream_only does not list it") {
      try admit("gw.test", allowed: "gw.test", only: "a.test")
    }
  }

  @Test func throughAProxyNamesDecide() throws {
    #expect(try admit("a.test", only: ".test", proxied: true) == .free)
    #expect(try admit("a.test", proxied: true) == .free)
    #expect(try admit("10.1.1.1", only: "10.0.0.0/8", proxied: true) == .free)
    expectRefusal("b.example: upstream_only does not list it") {
      try admit("b.example", only: ".test,10.0.0.0/8", proxied: true)
    }
    expectRefusal("169.254.1.1: a link-local address; upstream_allow does not list it") {
      try admit("169.254.1.1", proxied: true)
    }
  }
}
