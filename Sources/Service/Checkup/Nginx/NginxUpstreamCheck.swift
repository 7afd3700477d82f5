/// Whether connections to the nodes are kept, and given up in time.
struct NginxUpstreamCheck {
  let passage: NginxPassage

  /// As many polls may be in flight per worker on a small site.
  private static let leastKept = 64
  /// A node that drains waits a little longer than this for nginx to let go of idle connections.
  private static let longestIdle = 60_000

  func findings() -> [Finding] {
    // SCGI has one connection a request.
    guard passage.module == "fastcgi" else { return [] }
    return passage.targets.flatMap { target in
      guard let upstream = target.upstream else {
        if let name = target.lacking {
          return [
            Finding.fail(
              "nginx", "\(passage.place): a map leads to \(name), which is no upstream: nginx answers 500",
              mend: "upstream \(name) { server …; keepalive 256; } as in nginx/sluice-upstream-nodes.conf")
          ]
        }
        return [
          Finding.warn(
            "nginx", "\(passage.place): passes to an address, so that no connection is kept",
            mend: "upstream sluice { server …; keepalive 256; } and fastcgi_pass sluice;")
        ]
      }
      return findings(upstream)
    }
  }

  private func findings(_ upstream: NginxUpstreams.Upstream) -> [Finding] {
    func last(_ name: String) -> NginxDirective? { upstream.block.last { $0.name == name } }
    var findings: [Finding] = []
    let kept = last("keepalive")
    let count = kept?.arguments.first.flatMap { Int($0) } ?? 0
    if count < Self.leastKept {
      findings.append(
        .warn(
          "nginx",
          "\(kept?.place ?? upstream.place): \(kept == nil ? "upstream \(upstream.name) keeps no connection" : "keepalive is \(count)"): a kept one doubles what a core serves",
          mend: "keepalive 256; in upstream \(upstream.name), as many as polls are in flight per worker"))
    }
    if let idle = last("keepalive_timeout"),
      idle.arguments.first.flatMap({ NginxMeasure.milliseconds($0) }) ?? .max > Self.longestIdle
    {
      findings.append(
        .warn(
          "nginx",
          "\(idle.place): keepalive_timeout is \(idle.arguments.first ?? ""): a node that stops closes its connections before",
          mend: "keepalive_timeout 60s;"))
    }
    return findings
  }
}
