/// Where `…_pass` leads: through upstreams, and through the maps that choose among them.
struct NginxUpstreams {
  struct Upstream {
    let name: String
    let place: NginxPlace
    let block: [NginxDirective]
    /// `unix:/path` or `host:port`.
    var peers: [String] { block.filter { $0.name == "server" }.compactMap(\.arguments.first) }
    /// Those that are asked first.
    var primaries: [String] {
      block.filter { $0.name == "server" && !$0.arguments.contains("backup") }.compactMap(\.arguments.first)
    }
  }

  /// What one `…_pass` may lead to.
  struct Target {
    /// Nil if the peer stands in the directive itself.
    let upstream: Upstream?
    let peers: [String]

    /// A name that should be an upstream's and is not: no address is without a colon.
    var lacking: String? { upstream == nil ? peers.first { !$0.contains(":") } : nil }
  }

  private var upstreams: [String: Upstream] = [:]
  /// By variable, the lines that choose its value.
  private var maps: [String: [NginxDirective]] = [:]

  init(http: [NginxDirective]) {
    for directive in http {
      guard let block = directive.block else { continue }
      if directive.name == "upstream", let name = directive.arguments.first {
        upstreams[name] = Upstream(name: name, place: directive.place, block: block)
      } else if ["map", "geo", "split_clients"].contains(directive.name), let variable = directive.arguments.last {
        maps[variable, default: []] += block.filter { !["hostnames", "volatile"].contains($0.name) }
      }
    }
  }

  /// `value`: the argument of a `…_pass`.
  func targets(of value: String) -> [Target] {
    var value = value
    for scheme in ["http://", "https://", "grpc://"] where value.hasPrefix(scheme) {
      value = String(value.dropFirst(scheme.count))
      if !value.hasPrefix("unix:") { value = String(value.prefix { $0 != "/" }) }
    }
    let names = value.hasPrefix("$") ? (maps[value] ?? []).compactMap(\.arguments.first) : [value]
    return names.map { name in
      upstreams[name].map { Target(upstream: $0, peers: $0.peers) } ?? Target(upstream: nil, peers: [name])
    }
  }

  /// Which upstream a map with regular expressions chooses for a path, and whether that is its default. Nil where
  /// `value`, the argument of a `…_pass`, is no such map's.
  func choice(of value: String, for path: String) -> (name: String, isDefault: Bool)? {
    guard let lines = maps[value], lines.contains(where: { $0.name.hasPrefix("~") }) else { return nil }
    let chosen = lines.first { line in
      guard line.name.hasPrefix("~") else { return line.name == path }
      let ignoresCase = line.name.hasPrefix("~*")
      return NginxExpression.matches(
        String(line.name.dropFirst(ignoresCase ? 2 : 1)), path, ignoresCase: ignoresCase)
    }
    if let name = chosen?.arguments.first { return (name, false) }
    return (lines.first { $0.name == "default" }?.arguments.first ?? "", true)
  }

  /// The one of that name.
  func upstream(named name: String) -> Upstream? { upstreams[name] }
}
