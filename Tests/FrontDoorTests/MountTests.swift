import Testing

@testable import FrontDoor

/// What stands before the path, in either dialect.
@Suite struct MountTests {
  static let cases: [([(String, String)], path: String, mount: String)] = [
    // The path is passed.
    ([("PATH_INFO", "/chat/start"), ("SCRIPT_NAME", "")], "/chat/start", ""),
    ([("PATH_INFO", "/chat/start")], "/chat/start", ""),
    ([("PATH_INFO", "/chat/start"), ("SCRIPT_NAME", "/")], "/chat/start", ""),
    ([("PATH_INFO", "/chat/start"), ("SCRIPT_NAME", "/shop")], "/chat/start", "/shop"),
    ([("PATH_INFO", "/chat/start"), ("SCRIPT_NAME", "/a/b/c")], "/chat/start", "/a/b/c"),
    ([("PATH_INFO", "/chat/start"), ("SCRIPT_NAME", "/a/b//")], "/chat/start", "/a/b"),
    ([("PATH_INFO", "/chat/"), ("SCRIPT_NAME", "/a")], "/chat/", "/a"),
    ([("PATH_INFO", "/"), ("SCRIPT_NAME", "/a")], "/", "/a"),
    ([("PATH_INFO", "/chat/start"), ("SCRIPT_NAME", "/chat")], "/chat/start", "/chat"),
    ([("PATH_INFO", "/x"), ("SCRIPT_NAME", "/größe/日本")], "/x", "/größe/日本"),
    ([("PATH_INFO", "/x"), ("SCRIPT_NAME", "/gr%C3%B6%C3%9Fe/a%2Fb")], "/x", "/gr%C3%B6%C3%9Fe/a%2Fb"),
    ([("PATH_INFO", "/x%20y/é")], "/x%20y/é", ""),
    // It is what follows the mount in DOCUMENT_URI.
    ([("DOCUMENT_URI", "/a/chat/start"), ("SCRIPT_NAME", "/a")], "/chat/start", "/a"),
    ([("DOCUMENT_URI", "/a/chat/start"), ("SCRIPT_NAME", "/a/")], "/chat/start", "/a"),
    ([("DOCUMENT_URI", "/a/b/chat"), ("SCRIPT_NAME", "/a/b"), ("PATH_INFO", "")], "/chat", "/a/b"),
    ([("DOCUMENT_URI", "/a/"), ("SCRIPT_NAME", "/a")], "/", "/a"),
    ([("DOCUMENT_URI", "/größe/chat"), ("SCRIPT_NAME", "/größe")], "/chat", "/größe"),
    ([("DOCUMENT_URI", "/a%20b/chat"), ("SCRIPT_NAME", "/a%20b")], "/chat", "/a%20b"),
    ([("DOCUMENT_URI", "/chat"), ("SCRIPT_NAME", "")], "/chat", ""),
    ([("DOCUMENT_URI", "/chat"), ("SCRIPT_NAME", "/")], "/chat", ""),
    ([("DOCUMENT_URI", "/")], "/", ""),
    // It is another folder that only begins alike.
    ([("DOCUMENT_URI", "/ab/chat"), ("SCRIPT_NAME", "/a")], "/ab/chat", ""),
    ([("DOCUMENT_URI", "/a"), ("SCRIPT_NAME", "/a/b")], "/a", ""),
    // Alike to the reader, not in bytes: one é is one scalar, the other two.
    ([("DOCUMENT_URI", "/\u{E9}/chat"), ("SCRIPT_NAME", "/e\u{301}")], "/\u{E9}/chat", ""),
    // A mark that combines with the "/" before it.
    ([("DOCUMENT_URI", "/a/\u{301}b"), ("SCRIPT_NAME", "/a")], "/\u{301}b", "/a"),
    ([("PATH_INFO", "/\u{301}b"), ("SCRIPT_NAME", "/a")], "/\u{301}b", "/a"),
    // nginx's fastcgi_params and scgi_params say the whole path twice.
    ([("DOCUMENT_URI", "/chat/start"), ("SCRIPT_NAME", "/chat/start")], "/chat/start", ""),
    ([("DOCUMENT_URI", "/chat/"), ("SCRIPT_NAME", "/chat/")], "/chat/", ""),
    ([("DOCUMENT_URI", "/"), ("SCRIPT_NAME", "/")], "/", ""),
  ]

  @Test(arguments: cases, [Dialect.fastCGI, .scgi])
  func separatesPathFromMount(
    example: ([(String, String)], path: String, mount: String), dialect: Dialect
  ) throws {
    let request = try #require(try decode([("REQUEST_METHOD", "GET")] + example.0, dialect))
    // As bytes: texts are equal that are other paths.
    #expect(Array(request.path.utf8) == Array(example.path.utf8))
    #expect(Array(request.mount.utf8) == Array(example.mount.utf8))
  }

  @Test(arguments: [Dialect.fastCGI, .scgi])
  func aMountIsNoPath(dialect: Dialect) throws {
    #expect(try decode([("REQUEST_METHOD", "GET"), ("SCRIPT_NAME", "/a")], dialect) == nil)
    #expect(try decode([("REQUEST_METHOD", "GET"), ("DOCUMENT_URI", "a/b"), ("SCRIPT_NAME", "a")], dialect) == nil)
  }

  private func decode(_ variables: [(String, String)], _ dialect: Dialect) throws -> Request? {
    let bytes = dialect.request(variables)
    var framing = Framing(dialect)
    let verdict = framing.advance(over: bytes.span, within: Limits())
    #expect(verdict == .complete(bytes.count))
    return framing.decode(bytes.span, by: Framing.Codecs(fastCGI: try FastCGI(), scgi: SCGI()))
  }
}
