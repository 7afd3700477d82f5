import Testing

@testable import Service

/// As http://nginx.org/en/docs/http/ngx_http_core_module.html#location tells.
@Suite struct NginxLocationTests {
  /// The title of the location that answers for a path.
  private func chosen(_ path: String, _ server: String) throws -> String? {
    let main = try NginxParser.parse(NginxText(bytes: Array(server.utf8), name: "test"))
    return NginxLocation.find(path, among: NginxLocation.all(in: NginxScope(main: main)))?.title
  }

  private static let manual = """
    location = / { }
    location / { }
    location /documents/ { }
    location ^~ /images/ { }
    location ~* \\.(gif|jpg|jpeg)$ { }
    """

  @Test(arguments: [
    ("/", "location = /"), ("/index.html", "location /"), ("/documents/document.html", "location /documents/"),
    ("/images/1.gif", "location ^~ /images/"), ("/documents/1.JPG", "location ~* \\.(gif|jpg|jpeg)$"),
  ])
  func theExampleOfTheManual(path: String, title: String) throws {
    #expect(try chosen(path, Self.manual) == title)
  }

  @Test(arguments: [
    // What is inside the longest prefix comes before expressions outside.
    ("location /a/ { location ~ b { } } location ~ b { }", "/a/b", "location ~ b"),
    ("location ~ b { } location /a/ { location /a/b/ { } }", "/a/b/c", "location ~ b"),
    ("location ~ b { } location ^~ /a/ { location /a/b/ { } }", "/a/b/c", "location /a/b/"),
    ("location /a/ { location = /a/b { } } location ~ b { }", "/a/b", "location = /a/b"),
    // Of expressions the first, of prefixes the longest, whatever their order.
    ("location ~ a { } location ~ ab { }", "/ab", "location ~ a"),
    ("location /abc { } location /ab { }", "/abcd", "location /abc"),
    // Glued, as nginx takes it as well.
    ("location ~^/a { } location / { }", "/a", "location ~^/a"),
    ("location =/a { } location / { }", "/a", "location =/a"),
    // Never by a name.
    ("location @/a { } location / { }", "/a", "location /"),
  ])
  func amongMany(server: String, path: String, title: String) throws {
    #expect(try chosen(path, server) == title)
  }

  @Test func nobodyAnswers() throws {
    #expect(try chosen("/b", "location /a { } location ~ ^/c { }") == nil)
  }
}
