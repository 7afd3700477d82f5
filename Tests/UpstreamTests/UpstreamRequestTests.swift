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
    let limits = UpstreamRequest.Limits(connect: 0, firstByte: -1, idle: 0)
    #expect((limits.connect, limits.firstByte, limits.idle) == (1, 1, 1))
  }
}
