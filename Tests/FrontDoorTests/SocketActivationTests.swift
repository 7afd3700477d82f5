import Testing

@testable import FrontDoor

@Suite struct SocketActivationTests {
  private func descriptors(_ variables: [String: String], named name: String? = nil) throws -> [Int32] {
    try SocketActivation(process: 77) { variables[$0] }.descriptors(named: name)
  }

  @Test func theyBeginAtThree() throws {
    let variables = ["LISTEN_PID": "77", "LISTEN_FDS": "2", "LISTEN_FDNAMES": "a:b"]
    #expect(try descriptors(variables) == [3, 4])
    #expect(try descriptors(variables, named: "a") == [3])
    #expect(try descriptors(variables, named: "b") == [4])
  }

  @Test func severalMayHaveOneName() throws {
    let variables = ["LISTEN_PID": "77", "LISTEN_FDS": "4", "LISTEN_FDNAMES": "a:b::a"]
    #expect(try descriptors(variables, named: "a") == [3, 6])
  }

  @Test func withoutNamesAllAreUnknown() throws {
    let variables = ["LISTEN_PID": "77", "LISTEN_FDS": "2"]
    #expect(try descriptors(variables) == [3, 4])
    #expect(try descriptors(variables, named: "unknown") == [3, 4])
  }

  @Test(
    arguments: [
      ([:], nil, "LISTEN_FDS is not set"),
      (["LISTEN_PID": "77"], nil, "LISTEN_FDS is not set"),
      (["LISTEN_FDS": "1"], nil, "LISTEN_FDS is not set"),
      (["LISTEN_PID": "78", "LISTEN_FDS": "1"], nil, "LISTEN_PID is 78, not this process"),
      (["LISTEN_PID": "", "LISTEN_FDS": "1"], nil, "LISTEN_PID is"),
      (["LISTEN_PID": "77", "LISTEN_FDS": "0"], nil, "LISTEN_FDS is `0`"),
      (["LISTEN_PID": "77", "LISTEN_FDS": "-1"], nil, "LISTEN_FDS is `-1`"),
      (["LISTEN_PID": "77", "LISTEN_FDS": "many"], nil, "LISTEN_FDS is `many`"),
      (["LISTEN_PID": "77", "LISTEN_FDS": "2147483647"], nil, "LISTEN_FDS is `2147483647`"),
      (["LISTEN_PID": "77", "LISTEN_FDS": "2", "LISTEN_FDNAMES": "a"], "a", "has 1 names for 2 sockets"),
      (["LISTEN_PID": "77", "LISTEN_FDS": "2", "LISTEN_FDNAMES": "a:b"], "c", "set FileDescriptorName=c"),
    ] as [([String: String], String?, String)])
  func whatWasNotPassedIsRefused(variables: [String: String], name: String?, reason: String) {
    let error = #expect(throws: FrontDoorError.self) { try descriptors(variables, named: name) }
    #expect(error?.code == .inherited)
    #expect(error?.description.contains(reason) == true)
  }

  @Test func thisProcessWasNotStartedBySystemd() {
    let error = #expect(throws: FrontDoorError.self) { try Door(address: ListenAddress(.systemd(name: nil))) }
    #expect(error?.code == .inherited)
  }
}
