import Testing

@testable import FrontDoor

@Suite struct SCGITests {
  @Test func decodesARequest() throws {
    let body = (0..<20_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    let bytes = Dialect.scgi.request(
      "POST", "/chat/start", query: "a=1&b=%20",
      variables: [
        ("SCRIPT_NAME", "/shop/"), ("HTTP_AUTHORIZATION", "Bearer " + String(repeating: "t", count: 200)),
        ("CONTENT_TYPE", ""), ("HTTP_X_SLUICE_USER", "Zoë"), ("HTTP_COOKIE", "a=b"),
      ], body: body)
    let request = try #require(decode(bytes))
    #expect(request.method == .post)
    #expect(request.path == "/chat/start")
    #expect(request.mount == "/shop")
    #expect(request.query == "a=1&b=%20")
    #expect(request.authorization?.count == 207)
    #expect(request.contentType == nil)
    #expect(request.user == "Zoë")
    #expect(request.body == body)
  }

  @Test(arguments: [
    [], [("REQUEST_METHOD", "GET")], [("PATH_INFO", "/x")], [("REQUEST_METHOD", "GET"), ("PATH_INFO", "x")],
  ])
  func aRequestWithoutMethodOrPathIsNone(variables: [(String, String)]) {
    #expect(decode(Netstrings.request(variables)) == nil)
  }

  @Test(arguments: [
    "SCGI\01\0PATH_INFO\0/\0REQUEST_METHOD\0GET",  // its end is missing
    "SCGI\01\0PATH_INFO\0/\0REQUEST_METHOD\0",  // a name without a value
    "SCGI\01\0PATH_INFO\0/\0\0x\0REQUEST_METHOD\0GET\0",  // no name
    "PATH_INFO\0/\0REQUEST_METHOD\0GET\0",  // no SCGI
    "SCGI\02\0PATH_INFO\0/\0REQUEST_METHOD\0GET\0", "SCGI\0\0PATH_INFO\0/\0REQUEST_METHOD\0GET\0",
  ])
  func malformedVariablesAreRefused(variables: String) {
    #expect(decode(Netstrings.netstring(Array("CONTENT_LENGTH\00\0\(variables)".utf8))) == nil)
    let whole = "SCGI\01\0PATH_INFO\0/\0REQUEST_METHOD\0GET\0"
    #expect(decode(Netstrings.netstring(Array("CONTENT_LENGTH\00\0\(whole)".utf8))) != nil)
  }

  @Test func theFirstOfSeveralValuesCounts() {
    let bytes = Dialect.scgi.request(variables: [("HTTP_ORIGIN", "one"), ("HTTP_ORIGIN", "two")])
    #expect(decode(bytes)?.origin == "one")
  }

  @Test(arguments: [0, 1, 65_000, 262_144, 5_000_000])
  func encodesAReplyOfAnyLength(count: Int) throws {
    let codec = SCGI()
    for length in [count, 1, count] {
      let body = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 7) }
      let reply = Reply(content: Array(try #require(codec.encode(Response(.ok, body: body)))))
      let head = "Status: 200 OK\r\nContent-Type: application/json\r\nCache-Control: no-store\r\nContent-Length: "
      #expect(reply.head == head + "\(length)")
      #expect(reply.body == body)
    }
    withExtendedLifetime(codec) {}  // the bytes were its own
  }

  @Test func aHeadWithoutBodySaysNoLength() throws {
    let codec = SCGI()
    let bytes = Array(try #require(codec.encode(Response(status: 204, body: [1]))))
    #expect(Reply(content: bytes).text == "Status: 204 No Content\r\nCache-Control: no-store\r\n\r\n")
    withExtendedLifetime(codec) {}
  }

  // `#expect` takes no spans.
  private func decode(_ bytes: [UInt8]) -> Request? {
    var scan = NetstringScan()
    guard case .complete(bytes.count) = scan.advance(over: bytes.span, within: Limits()) else { return nil }
    return SCGI().decode(bytes.span, scan)
  }
}
