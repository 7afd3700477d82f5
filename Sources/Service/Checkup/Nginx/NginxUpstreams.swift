/// Where `…_pass` leads: through upstreams, and through the maps that choose among them.
struct NginxUpstreams {
  struct Upstream {
    let name: String
    let place: NginxPlace
    let block: [NginxDirective]
    /// `unix:/path` or `host:port`.
    var peers: [String] { block.filter { $0.name == "server" }.compactMap(\.arguments.first) }
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
  /// By variable, the values that it may take.
  private var maps: [String: [String]] = [:]

  init(http: [NginxDirective]) {
    for directive in http {
      guard let block = directive.block else { continue }
      if directive.name == "upstream", let name = directive.arguments.first {
        upstreams[name] = Upstream(name: name, place: directive.place, block: block)
      } else if ["map", "geo", "split_clients"].contains(directive.name), let variable = directive.arguments.last {
        maps[variable, default: []] += block.filter { !["hostnames", "volatile"].contains($0.name) }
          .compactMap(\.arguments.first)
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
    let names = value.hasPrefix("$") ? maps[value] ?? [] : [value]
    return names.map { name in
      upstreams[name].map { Target(upstream: $0, peers: $0.peers) } ?? Target(upstream: nil, peers: [name])
    }
  }
}
