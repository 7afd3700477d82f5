import Testing

@testable import FrontDoor

@Suite struct EnvironmentTests {
  @Test func everyVariableHasItsPlace() {
    #expect(Environment().values.count == Environment.Variable.allCases.count)
  }

  @Test func theVariablesReachTheRequest() throws {
    let request = try #require(
      Self.request(
        Environment.Variable.allCases.map { variable in
          switch variable {
          case .method: "DELETE"
          case .path: "/path"
          default: "/\(variable)"
          }
        }))
    #expect(request.method == .delete)
    #expect(request.path == "/path")
    #expect(request.mount == "/mount")
    #expect(request.query == "/query")
    #expect(request.authorization == "/authorization")
    #expect(request.host == "/host")
    #expect(request.origin == "/origin")
    #expect(request.accept == "/accept")
    #expect(request.contentType == "/contentType")
    #expect(request.idempotencyKey == "/idempotencyKey")
    #expect(request.lastEventID == "/lastEventID")
    #expect(request.user == "/user")
    #expect(request.remoteAddress == "/remote")
  }

  /// `values`: in the order of the variables.
  private static func request(_ values: [String]) -> Request? {
    let pairs = zip(Environment.Variable.allCases, values).map { ("\($0.0.name)", $0.1) }
    let bytes = Netstrings.request(pairs)
    var scan = NetstringScan()
    guard case .complete = scan.advance(over: bytes.span, within: Limits()) else { return nil }
    return SCGI().decode(bytes.span, scan)
  }
}
