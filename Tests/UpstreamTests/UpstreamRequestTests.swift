import Testing
import Upstream

@Suite("What a request prints")
struct UpstreamRequestTests {
  private let request = UpstreamRequest(
    url: "https://host/path?key=hidden", headers: [("Authorization", "Bearer hidden")], body: Array("hidden".utf8))

  @Test func neitherHeadersNorBodyNorQuery() {
    var dumped = ""
    dump(request, to: &dumped)
    for text in ["\(request)", String(reflecting: request), "\(Optional(request) as Any)", dumped] {
      #expect(!text.contains("hidden"))
    }
    #expect("\(request)" == "post https://host/path")
  }

  @Test func noCredentialsInTheAddress() {
    #expect(!"\(UpstreamRequest(url: "https://u:hidden@host/"))".contains("hidden"))
  }

  @Test func limitsAreAtLeastAMillisecond() {
    let limits = UpstreamRequest.Limits(connect: 0, firstByte: -1, firstToken: 0, idle: 0, total: 0)
    #expect((limits.connect, limits.firstByte, limits.firstToken, limits.idle, limits.total) == (1, 1, 1, 1, 1))
  }

  @Test(arguments: [
    ("https://API.example.com/v1?x=1", "https://api.example.com:443"), ("http://host", "http://host:80"),
    ("HTTP://host:80/", "http://host:80"), ("https://host:8443/a", "https://host:8443"),
    ("http://[::1]:8080/", "http://[::1]:8080"), ("http://127.1/", "http://127.0.0.1:80"),
    ("http://host:00443/", "http://host:443"),
  ])
  func whatCountsAsOneHost(url: String, host: String) {
    #expect(UpstreamRequest.host(of: url) == host)
  }

  @Test(arguments: ["ftp://h/", "h/", "http://u@h/", "http://u:p@h/", "http://h/a b", "http://h:99999/", ""])
  func whatIsNoHost(url: String) {
    #expect(UpstreamRequest.host(of: url) == nil)
  }
}
