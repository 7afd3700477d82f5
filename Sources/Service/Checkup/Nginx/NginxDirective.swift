/// A place in nginx's configuration, as editors take it: `file:line`.
struct NginxPlace: Hashable, CustomStringConvertible {
  let file: String
  let line: Int
  var description: String { "\(file):\(line)" }
}

/// A directive with its block, if it has one; includes are taken in where they stand.
struct NginxDirective {
  let name: String
  /// Without quotes.
  let arguments: [String]
  let place: NginxPlace
  /// Nil if it ends in a semicolon. A block of Lua is there and empty.
  let block: [NginxDirective]?
}

/// What is no configuration of nginx.
struct NginxSyntaxError: Error, CustomStringConvertible {
  let place: NginxPlace
  let reason: String
  var description: String { "\(place): \(reason)" }
}
