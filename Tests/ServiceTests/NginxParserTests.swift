import Testing

@testable import Service

@Suite struct NginxParserTests {
  private func parse(_ text: String) throws -> [NginxDirective] {
    try NginxParser.parse(NginxText(bytes: Array(text.utf8), name: "test"))
  }

  @Test(arguments: [
    ("a b  c;", ["b", "c"]), ("a \"b c\" 'd\"e';", ["b c", "d\"e"]),
    ("a \"b\\\"c\" 'd\\'e' f\\ g;", ["b\"c", "d'e", "f\\ g"]),
    ("a # b;\n c;", ["c"]), ("a b#c;", ["b#c"]), ("a ${b}c \"{;}\";", ["${b}c", "{;}"]), ("a \"\";", [""]),
    ("a ^/x/[^/]+$;", ["^/x/[^/]+$"]), ("a \"b\\d\\n\";", ["b\\d\n"]),
  ])
  func wordsAsNginxTakesThem(text: String, arguments: [String]) throws {
    let directives = try parse(text)
    #expect(directives.map(\.name) == ["a"])
    #expect(directives.first?.arguments == arguments)
  }

  @Test func placesCountLinesInQuotesAndComments() throws {
    let directives = try parse("a \"1\n2\";\n# 3\nb {\n  c;\n}\nd 'x';")
    #expect(directives.map(\.place.line) == [1, 4, 7])
    #expect(directives[1].block?.map(\.place.line) == [5])
  }

  /// Wherever a file breaks off, that is a fault, or the directives before are all there are.
  @Test func aFileCutAnywhereIsTakenOrRefused() throws {
    let text = "http { # x\n server { listen \"80\"; if ($a ~ 'b}') { return 1; } } } events { }"
    let bytes = Array(text.utf8)
    for end in 0...bytes.count {
      let cut = NginxText(bytes: Array(bytes[..<end]), name: "test")
      if let directives = try? NginxParser.parse(cut) {
        #expect(directives.allSatisfy { ["http", "events"].contains($0.name) && $0.block != nil })
      }
    }
    #expect(try parse(text).count == 2)
  }

  @Test func aDumpIsManyFiles() throws {
    let dump = """
      # configuration file /etc/nginx/nginx.conf:
      http { include conf.d/*.conf; include /srv/x.conf; include none/*.conf; }

      # configuration file /etc/nginx/conf.d/b.conf:
      b;
      # configuration file /etc/nginx/conf.d/a.conf:
      a;
      # configuration file /srv/x.conf:

      x;
      # configuration file /etc/nginx/conf.d/deep/c.conf:
      c;
      """
    let http = try #require(try parse(dump).first)
    #expect(http.block?.map(\.name) == ["a", "b", "x"])
    #expect(http.block?.last?.place.description == "/srv/x.conf:2")
  }
}
