import FrontDoor

/// Looks through a configuration of nginx for what concerns Sluice.
package struct NginxCheckup: Sendable {
  private let chat: [NginxDoor]
  private let operators: [NginxDoor]
  private let tag: UInt16
  private let maxBody: Int

  package init(settings: ServiceSettings) {
    chat = settings.listeners.map { NginxDoor(address: $0, role: .chat) }
    operators = settings.operatorListeners.map { NginxDoor(address: $0, role: .operators) }
    tag = settings.tag
    maxBody = settings.limits.maxBody
  }

  /// Never throws: what is no configuration is a finding.
  package func run(_ source: NginxText) -> [Finding] {
    let main: [NginxDirective]
    do { main = try NginxParser.parse(source) } catch {
      return [.fail("nginx", "\(error)", mend: "`nginx -t` tells what nginx thinks of it")]
    }
    guard let http = main.first(where: { $0.name == "http" }), let block = http.block else {
      return [
        .fail(
          "nginx", "\(source.name) has no http block",
          mend: "give the whole configuration: `nginx -T | sluice check … --nginx -`")
      ]
    }
    let scope = NginxScope(main: main).entering(block)
    let upstreams = NginxUpstreams(http: block)
    let servers = block.compactMap { directive in
      directive.name == "server" ? directive.block.map { NginxServer(directive, $0, in: scope) } : nil
    }
    var findings = reached(servers, upstreams)
    for server in servers {
      let site = NginxSite(server: server, upstreams: upstreams, doors: chat, tag: tag, maxBody: maxBody)
      findings += site.findings()
      findings += operatorFindings(server, upstreams)
    }
    return Self.distinct(findings)
  }

  /// Whether some location leads to each listener, by its own protocol.
  private func reached(_ servers: [NginxServer], _ upstreams: NginxUpstreams) -> [Finding] {
    let passages = servers.flatMap { $0.locations.flatMap(\.family) }.flatMap { NginxPassage.all(in: $0, upstreams) }
    var findings: [Finding] = []
    for door in chat {
      let leading = passages.filter { $0.leads(to: [door]) }
      if leading.isEmpty {
        findings.append(
          .fail(
            "nginx", "nothing leads to \(door)",
            mend: "let the `server` lines of the upstream name it, and include the snippet in your server block"))
      }
      for passage in leading where passage.module != door.module {
        findings.append(
          .fail(
            "nginx",
            "\(passage.place): \(passage.module)_pass leads to \(door), which speaks \(door.module)",
            mend: "\(door.module)_pass, with nginx/\(door.snippet)"))
      }
    }
    return findings
  }

  private func operatorFindings(_ server: NginxServer, _ upstreams: NginxUpstreams) -> [Finding] {
    let locations = server.locations.flatMap(\.family).filter { location in
      NginxPassage.all(in: location, upstreams).contains { $0.leads(to: operators) }
    }
    return locations.map { location in
      let isClosed = location.scope.nearest("allow", "deny").contains { $0.name == "deny" && $0.arguments == ["all"] }
      if server.isPrivate || isClosed {
        return .ok(
          "nginx", "\(location.place): operator routes, for \(isClosed ? "those allowed" : "this machine") only")
      }
      return .fail(
        "nginx",
        "\(location.place): operator routes are open to the outside, on \(server.listens.joined(separator: ", "))",
        mend: "listen 127.0.0.1:9180; as in nginx/sluice-operator.conf, or `allow …; deny all;`")
    }
  }

  /// Two paths may come to one location, and two locations share a fault of the block around them.
  private static func distinct(_ findings: [Finding]) -> [Finding] {
    var seen: Set<String> = []
    return findings.filter { seen.insert("\($0.level) \($0.text)").inserted }
  }
}
