import Testing

@testable import FrontDoor

@Suite struct ListenAddressTests {
  @Test(arguments: [
    ("unix:/run/x.sock", ListenAddress.unix(path: "/run/x.sock", mode: 0o660)),
    ("127.0.0.1:9000", .tcp(host: "127.0.0.1", port: 9000)), ("[::1]:0", .tcp(host: "::1", port: 0)),
    ("fd:0", ListenAddress(.descriptor(0))), ("fd:17", ListenAddress(.descriptor(17))),
    ("systemd", ListenAddress(.systemd(name: nil))),
    ("systemd:web.socket", ListenAddress(.systemd(name: "web.socket"))),
    ("scgi:unix:/x", ListenAddress(.unix(path: "/x", access: SocketAccess(mode: 0o660)), speaking: .scgi)),
    ("scgi:127.0.0.1:9000", ListenAddress(.tcp(host: "127.0.0.1", port: 9000), speaking: .scgi)),
    ("scgi:[::1]:9000", ListenAddress(.tcp(host: "::1", port: 9000), speaking: .scgi)),
    ("scgi:fd:3", ListenAddress(.descriptor(3), speaking: .scgi)),
    ("scgi:systemd", ListenAddress(.systemd(name: nil), speaking: .scgi)),
    ("scgi:systemd:a", ListenAddress(.systemd(name: "a"), speaking: .scgi)),
  ])
  func readsAndWritesItsForm(text: String, address: ListenAddress) throws {
    #expect(try ListenAddress(parsing: text) == address)
    #expect(address.description == text)
  }

  @Test(arguments: [
    "", "unix:", "unix:relative", "9000", "localhost:9000", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "::1:9000",
    "127.0.0.1:+9000", "[127.0.0.1]:9000", "[::1]", "unix:/" + String(repeating: "x", count: 107),
    "fd:", "fd:-1", "fd:+1", "fd:x", "fd:2147483648", "fd:99999999999999999999", "systemd:", "systemd:a:b",
    "systemd:a b",
    "systemd:" + String(repeating: "x", count: 256), "scgi:", "scgi:scgi:fd:0", "scgi:9000", "SCGI:fd:0", "fcgi:fd:0",
  ])
  func refusesWhatItCannotRead(text: String) {
    let error = #expect(throws: FrontDoorError.self) { try ListenAddress(parsing: text) }
    #expect(error?.code == .address)
  }

  @Test func modeAndGroupAreForSocketsThatWeMake() throws {
    let address = try ListenAddress(parsing: "scgi:unix:/x", mode: 0o600, group: "www-data")
    #expect(address.place == .unix(path: "/x", access: SocketAccess(mode: 0o600, group: "www-data")))
    #expect(try ListenAddress(parsing: "fd:0", mode: 0o600, group: "www-data") == ListenAddress(.descriptor(0)))
  }
}
