/// A `location` with those inside it, and how nginx chooses among them.
final class NginxLocation {
  enum Pattern {
    case exact(String)
    /// `last`: regular expressions are not tried (`^~`).
    case prefix(String, last: Bool)
    case regex(String, ignoresCase: Bool)
    /// `@name`: only for internal redirects.
    case named
  }

  let pattern: Pattern
  let place: NginxPlace
  let scope: NginxScope
  let inner: [NginxLocation]
  /// As it stands in the file.
  let title: String

  private init(_ directive: NginxDirective, _ block: [NginxDirective], in scope: NginxScope) {
    place = directive.place
    title = (["location"] + directive.arguments).joined(separator: " ")
    pattern = Self.pattern(directive.arguments)
    self.scope = scope.entering(block)
    inner = Self.all(in: self.scope)
  }

  /// Those that stand directly in a block.
  static func all(in scope: NginxScope) -> [NginxLocation] {
    scope.own.compactMap { directive in
      guard directive.name == "location", let block = directive.block else { return nil }
      return NginxLocation(directive, block, in: scope)
    }
  }

  /// This one and all inside it.
  var family: [NginxLocation] { [self] + inner.flatMap(\.family) }

  /// `location = /x`, and also `location =/x` (ngx_http_core_location).
  private static func pattern(_ arguments: [String]) -> Pattern {
    var (modifier, path) = ("", arguments.last ?? "")
    if arguments.count > 1 {
      modifier = arguments[0]
    } else if let glued = ["=", "^~", "~*", "~"].first(where: { path.hasPrefix($0) }) {
      modifier = glued
      path = String(path.dropFirst(glued.count))
    }
    switch modifier {
    case "=": return .exact(path)
    case "^~": return .prefix(path, last: true)
    case "~": return .regex(path, ignoresCase: false)
    case "~*": return .regex(path, ignoresCase: true)
    default: return path.hasPrefix("@") ? .named : .prefix(path, last: false)
    }
  }

  // MARK: the choice

  /// The location that answers for a path: an exact one; else the longest prefix, then what is inside it; else, unless
  /// that prefix is `^~`, the first regular expression; else the prefix (ngx_http_core_find_location).
  static func find(_ path: String, among locations: [NginxLocation]) -> NginxLocation? {
    choose(path, among: locations).location
  }

  /// `isFinal`: regular expressions outside are not tried.
  private static func choose(
    _ path: String, among locations: [NginxLocation]
  ) -> (location: NginxLocation?, isFinal: Bool) {
    var best: (location: NginxLocation, length: Int, last: Bool)?
    for location in locations {
      switch location.pattern {
      case .exact(path): return (location, true)
      case .prefix(let prefix, let last):
        if path.hasPrefix(prefix), prefix.utf8.count >= best?.length ?? 0 {
          best = (location, prefix.utf8.count, last)
        }
      default: break
      }
    }
    var chosen: NginxLocation?
    if let best {
      let inside = choose(path, among: best.location.inner)
      if inside.isFinal { return inside }
      chosen = inside.location ?? best.location
    }
    if best?.last != true {
      for location in locations {
        guard case .regex(let text, let ignoresCase) = location.pattern,
          NginxExpression.matches(text, path, ignoresCase: ignoresCase)
        else { continue }
        return (choose(path, among: location.inner).location ?? location, true)
      }
    }
    return (chosen, false)
  }
}

/// nginx's regular expressions (PCRE) by Swift's, which read nearly all of what sites write.
enum NginxExpression {
  /// False also for what cannot be read.
  static func matches(_ text: String, _ path: String, ignoresCase: Bool = false) -> Bool {
    guard let expression = try? Regex(text).ignoresCase(ignoresCase) else { return false }
    return path.firstMatch(of: expression) != nil
  }
}
