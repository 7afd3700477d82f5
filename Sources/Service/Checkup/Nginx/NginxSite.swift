/// One server block: which of its locations take the protocol's requests, and whether each is as it should be.
struct NginxSite {
  let server: NginxServer
  let upstreams: NginxUpstreams
  let doors: [NginxDoor]
  /// Of this node.
  let tag: UInt16
  /// Bytes of a body that Sluice takes.
  let maxBody: Int

  func findings() -> [Finding] {
    // A mount is where an outermost location with a passage in it says it is; once, however many locations say so.
    var mounts: [String] = []
    for location in server.locations where location.family.contains(where: { passage(of: $0) != nil }) {
      if let mount = Self.mount(of: location), !mounts.contains(mount) { mounts.append(mount) }
    }
    return mounts.flatMap { findings(mount: $0) }
  }

  /// Its way to us; nil if it has none.
  private func passage(of location: NginxLocation) -> NginxPassage? {
    NginxPassage.all(in: location, upstreams).first { $0.leads(to: doors) }
  }

  /// What stands in front of `/chat/`. A regular expression that does not match without a mount tells nothing, and below
  /// `/v1/` there is none of it.
  private static func mount(of location: NginxLocation) -> String? {
    switch location.pattern {
    case .named: return nil
    case .regex(let text, let ignoresCase):
      let matches = NginxRequestKind.allCases.contains {
        NginxExpression.matches(text, $0.path, ignoresCase: ignoresCase)
      }
      return matches ? "" : nil
    case .exact(let path), .prefix(let path, _):
      var mount = path.firstRange(of: "/chat/").map { String(path[..<$0.lowerBound]) } ?? path
      if mount.hasSuffix("/chat") { mount.removeLast(5) }
      while mount.hasSuffix("/") { mount.removeLast() }
      return mount == "/v1" || mount.hasSuffix("/v1") ? nil : mount
    }
  }

  private func findings(mount: String) -> [Finding] {
    var findings: [Finding] = []
    var routes: [(location: NginxLocation, passage: NginxPassage, kinds: [NginxRequestKind])] = []
    for kind in NginxRequestKind.allCases {
      let path = mount + kind.path
      if let before = server.interception(of: path) {
        findings.append(
          .fail(
            "nginx", "\(before.place): `\(before.name)` takes \(mount)/chat/… away before it comes to Sluice",
            mend: "let its condition or expression leave out \(mount)/chat/"))
        continue
      }
      guard let location = NginxLocation.find(path, among: server.locations) else {
        findings.append(missing(kind, mount, "no location takes", at: server.place))
        continue
      }
      guard let passage = passage(of: location) else {
        findings.append(missing(kind, mount, "`\(location.title)` takes", at: location.place))
        continue
      }
      if let index = routes.firstIndex(where: { $0.location === location }) {
        routes[index].kinds.append(kind)
      } else {
        routes.append((location, passage, [kind]))
      }
    }
    for route in routes {
      let check = NginxRouteCheck(
        location: route.location, module: route.passage.module, mount: mount, kinds: route.kinds,
        maxBody: maxBody)
      var own = check.findings() + NginxUpstreamCheck(passage: route.passage).findings()
      if route.kinds.contains(where: \.isOfTurn) {
        own += NginxTagCheck(passage: route.passage, upstreams: upstreams, doors: doors, tag: tag).findings()
      }
      if !own.contains(where: { $0.level != .ok }) {
        let kinds = route.kinds.map(\.title).joined(separator: ", ")
        own.append(.ok("nginx", "\(route.location.place): \(mount)/chat/… \(kinds)"))
      }
      findings += own
    }
    return findings
  }

  private func missing(_ kind: NginxRequestKind, _ mount: String, _ what: String, at place: NginxPlace) -> Finding {
    .fail(
      "nginx", "\(place): \(what) \(mount)/chat/… \(kind.title), and does not lead to Sluice",
      mend: "location ^~ \(mount)/chat/ { … } as in nginx/sluice.conf: ^~ keeps regular expressions away")
  }
}
