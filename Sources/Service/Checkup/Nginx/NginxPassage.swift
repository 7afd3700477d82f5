/// A `…_pass` of a location.
struct NginxPassage {
  /// `fastcgi`, `scgi` or another: what the module's directives begin with.
  let module: String
  let place: NginxPlace
  /// The directive's argument.
  let value: String
  let targets: [NginxUpstreams.Target]

  private static let modules = ["fastcgi", "scgi", "proxy", "uwsgi", "grpc"]

  /// Those of the location itself and of the `if` blocks in it. A passage is not inherited by locations inside.
  static func all(in location: NginxLocation, _ upstreams: NginxUpstreams) -> [NginxPassage] {
    let branches = location.scope.own.filter { ["if", "limit_except"].contains($0.name) }.flatMap { $0.block ?? [] }
    return (location.scope.own + branches).compactMap { directive in
      guard let module = modules.first(where: { directive.name == "\($0)_pass" }), let value = directive.arguments.first
      else { return nil }
      return NginxPassage(module: module, place: directive.place, value: value, targets: upstreams.targets(of: value))
    }
  }

  func leads(to doors: [NginxDoor]) -> Bool {
    targets.contains { target in
      doors.contains { door in
        target.peers.contains { door.isReached(by: $0, of: target.upstream?.name) }
      }
    }
  }
}
