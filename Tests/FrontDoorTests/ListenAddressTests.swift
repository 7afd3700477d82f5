import Testing

@testable import FrontDoor

@Suite struct ListenAddressTests {
  @Test(arguments: [
    ("unix:/run/x.sock", ListenAddress.unix(path: "/run/x.sock", mode: 0o660)),
    ("127.0.0.1:9000", .tcp(host: "127.0.0.1", port: 9000)), ("[::1]:0", .tcp(host: "::1", port: 0)),
  ])
  func readsAndWritesItsForm(text: String, address: ListenAddress) throws {
    #expect(try ListenAddress(parsing: text) == address)
    #expect(address.description == text)
  }

  @Test(arguments: [
    "", "unix:", "unix:relative", "9000", "localhost:9000", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "::1:9000",
    "[127.0.0.1]:9000", "[::1]", "unix:/" + String(repeating: "x", count: 107),
  ])
  func refusesWhatItCannotRead(text: String) {
    let error = #expect(throws: FrontDoorError.self) { try ListenAddress(parsing: text) }
    #expect(error?.code == .address)
  }
}
