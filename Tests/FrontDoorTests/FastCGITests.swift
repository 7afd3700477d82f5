import Testing

@testable import FrontDoor

@Suite struct FastCGITests {
  @Test(arguments: [1, 7, 4096, 65_535])
  func decodesARequestHoweverItIsSplit(fragment: Int) throws {
    let body = (0..<20_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    let bytes = Records.request(
      "POST", "/chat/start", query: "a=1&b=%20",
      variables: [
        ("SCRIPT_NAME", "/shop/"), ("HTTP_AUTHORIZATION", "Bearer " + String(repeating: "t", count: 200)),
        ("HTTP_ORIGIN", "https://example.org"), ("HTTP_ACCEPT", "text/event-stream"), ("CONTENT_TYPE", ""),
        ("HTTP_IDEMPOTENCY_KEY", "k1"), ("HTTP_X_SLUICE_USER", "Zoë"), ("REMOTE_ADDR", "192.0.2.1"),
        ("HTTP_HOST", "shop.example"), ("HTTP_COOKIE", "a=b"),
      ], body: body, fragment: fragment, padding: 1)
    let request = try #require(try decode(bytes, bodyLength: body.count))
    #expect(request.method == .post)
    #expect(request.path == "/chat/start")
    #expect(request.mount == "/shop")
    #expect(request.query == "a=1&b=%20")
    #expect(request.authorization?.count == 207)
    #expect(request.origin == "https://example.org")
    #expect(request.accept == "text/event-stream")
    #expect(request.contentType == nil)
    #expect(request.idempotencyKey == "k1")
    #expect(request.host == "shop.example")
    #expect(request.user == "Zoë")
    #expect(request.remoteAddress == "192.0.2.1")
    #expect(request.body == body)
  }

  @Test(arguments: [
    [], [("REQUEST_METHOD", "GET")], [("PATH_INFO", "/x")], [("REQUEST_METHOD", "GET"), ("PATH_INFO", "x")],
  ])
  func aRequestWithoutMethodOrPathIsNone(variables: [(String, String)]) throws {
    let params = variables.flatMap { Records.pair($0.0, $0.1) }
    let bytes = Records.begin() + Records.stream(4, params) + Records.stream(5, [])
    #expect(try decode(bytes) == nil)
  }

  @Test func lyingLengthsAreRefused() throws {
    let params = Records.pair("REQUEST_METHOD", "GET") + [0xFF, 0xFF, 0xFF, 0xF0, 0x7F, 65]
    let bytes = Records.begin() + Records.stream(4, params) + Records.stream(5, [])
    #expect(try decode(bytes) == nil)
  }

  @Test func theFirstOfSeveralValuesCounts() throws {
    let bytes = Records.request(variables: [("HTTP_ORIGIN", "one"), ("HTTP_ORIGIN", "two")])
    #expect(try decode(bytes)?.origin == "one")
  }

  @Test(arguments: [0, 1, 8_000, 8_192, 70_000, 5_000_000])
  func encodesAReplyOfAnyLength(count: Int) throws {
    let body = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7) }
    let codec = try FastCGI()
    let bytes = Array(try #require(codec.encode(Response(.ok, body: body), requestID: 515)))
    let reply = try #require(Reply(records: bytes, id: 515))
    #expect(reply.length == bytes.count)
    let head = "Status: 200 OK\r\nContent-Type: application/json\r\nCache-Control: no-store\r\nContent-Length: \(count)"
    #expect(reply.head == head)
    #expect(reply.body == body)
    let next = Array(try #require(codec.encode(Response(.ok, body: [65]), requestID: 1)))
    #expect(Reply(records: next, id: 1)?.body == [65])
    withExtendedLifetime(codec) {}  // the bytes are its own
  }

  @Test func aHeadWithoutBodySaysNoLength() throws {
    #expect(
      try encode(Response(status: 204, body: [1]))?.text == "Status: 204 No Content\r\nCache-Control: no-store\r\n\r\n")
  }

  @Test func aHeaderValueCannotBeginAnotherHeader() throws {
    let response = Response(status: 200, headers: [("Vary", "a\r\nSet-Cookie: b"), ("Cache-Control", "max-age=1")])
    let head = try #require(try encode(response)?.head)
    #expect(head.contains("\r\nVary: aSet-Cookie: b\r\n"))
    #expect(head.contains("Cache-Control: max-age=1"))
    #expect(!head.contains("no-store"))
  }

  // `#expect` takes no spans.
  private func decode(_ bytes: [UInt8], bodyLength: Int = 0) throws -> Request? {
    try FastCGI().decode(bytes.span, bodyLength: bodyLength)
  }

  private func encode(_ response: Response) throws -> Reply? {
    let codec = try FastCGI()
    let bytes = codec.encode(response, requestID: 1).map { Array($0) }
    withExtendedLifetime(codec) {}  // the bytes were its own
    return bytes.flatMap { Reply(records: $0, id: 1) }
  }
}
