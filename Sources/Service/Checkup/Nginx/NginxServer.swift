/// A `server` of the http block.
struct NginxServer {
  let place: NginxPlace
  let scope: NginxScope
  let locations: [NginxLocation]

  init(_ directive: NginxDirective, _ block: [NginxDirective], in http: NginxScope) {
    place = directive.place
    scope = http.entering(block)
    locations = NginxLocation.all(in: scope)
  }

  /// Where it listens, as written; nginx's default if it does not say.
  var listens: [String] {
    let written = scope.own.filter { $0.name == "listen" }.compactMap(\.arguments.first)
    return written.isEmpty ? ["*:80"] : written
  }

  /// Whether only this machine reaches it.
  var isPrivate: Bool {
    listens.allSatisfy { listen in
      listen.hasPrefix("unix:") || HostAddress.isLoopback(HostAddress.split(listen).host)
    }
  }

  /// What takes a path away before any location is chosen: a `return`, or a `rewrite` or `if` that matches it.
  func interception(of path: String) -> NginxDirective? {
    scope.own.first { directive in
      switch directive.name {
      case "return": true
      case "rewrite": directive.arguments.first.map { NginxExpression.matches($0, path) } ?? false
      case "if": Self.leads(directive.block) && Self.holds(directive.arguments, path)
      default: false
      }
    }
  }

  private static func leads(_ block: [NginxDirective]?) -> Bool {
    (block ?? []).contains { ["return", "rewrite"].contains($0.name) }
  }

  /// `if ($uri ~ expression)`; other conditions cannot be known here and count as not met.
  private static func holds(_ arguments: [String], _ path: String) -> Bool {
    guard arguments.count == 3, ["($uri", "($document_uri", "($request_uri"].contains(arguments[0]),
      arguments[1] == "~" || arguments[1] == "~*"
    else { return false }
    let text = arguments[2].hasSuffix(")") ? String(arguments[2].dropLast()) : arguments[2]
    return NginxExpression.matches(text, path, ignoresCase: arguments[1] == "~*")
  }
}
