/// A block with the blocks around it: what holds inside it.
///
/// nginx inherits a directive from the nearest level that has it, as a whole: two `fastcgi_param` lines in a location
/// leave none of those around it in force.
struct NginxScope {
  /// From main to the block itself.
  private let levels: [[NginxDirective]]

  init(main: [NginxDirective]) { levels = [main] }

  private init(levels: [[NginxDirective]]) { self.levels = levels }

  func entering(_ block: [NginxDirective]) -> NginxScope { NginxScope(levels: levels + [block]) }

  /// The block's own directives.
  var own: [NginxDirective] { levels[levels.count - 1] }

  /// All with one of these names on the nearest level that has any.
  func nearest(_ names: String...) -> [NginxDirective] {
    for level in levels.reversed() {
      let found = level.filter { names.contains($0.name) }
      if !found.isEmpty { return found }
    }
    return []
  }

  /// The one in force; nil if nginx's default is.
  func value(_ name: String) -> NginxDirective? { nearest(name).last }

  /// True if it is in force as `on`.
  func isOn(_ name: String) -> Bool { value(name)?.arguments.first == "on" }
}
