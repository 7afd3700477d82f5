/// Reads a whole configuration, includes and all. Knows no directive but `include` and blocks of Lua.
struct NginxParser {
  private let files: NginxFiles
  private var count = 0

  private static let maxDirectives = 200_000
  private static let maxDepth = 32
  private static let maxIncludes = 16

  /// The main level. Throws for the first place that is not nginx's format.
  static func parse(_ source: NginxText) throws(NginxSyntaxError) -> [NginxDirective] {
    let files = NginxFiles(source)
    var parser = NginxParser(files: files)
    return try parser.file(files.main, includes: 0, depth: 0)
  }

  private init(files: NginxFiles) { self.files = files }

  private mutating func file(
    _ file: (path: String, text: ArraySlice<UInt8>), includes: Int, depth: Int
  ) throws(NginxSyntaxError) -> [NginxDirective] {
    var lexer = NginxLexer(file.text, file: file.path)
    return try block(&lexer, isFile: true, includes: includes, depth: depth)
  }

  /// Up to the closing brace, or to the end of a file.
  private mutating func block(
    _ lexer: inout NginxLexer, isFile: Bool, includes: Int, depth: Int
  ) throws(NginxSyntaxError) -> [NginxDirective] {
    guard depth <= Self.maxDepth else { throw NginxSyntaxError(place: lexer.place, reason: "blocks nest too deeply") }
    var directives: [NginxDirective] = []
    while true {
      let token = try lexer.next()
      let place = lexer.place
      switch token {
      case .end:
        guard isFile else { throw NginxSyntaxError(place: place, reason: "a block is not closed") }
        return directives
      case .close:
        guard !isFile else { throw NginxSyntaxError(place: place, reason: "unexpected }") }
        return directives
      case .semicolon: throw NginxSyntaxError(place: place, reason: "unexpected ;")
      case .open: throw NginxSyntaxError(place: place, reason: "unexpected {")
      case .word(let name):
        directives += try directive(name, place, &lexer, includes: includes, depth: depth)
      }
    }
  }

  private mutating func directive(
    _ name: String, _ place: NginxPlace, _ lexer: inout NginxLexer, includes: Int, depth: Int
  ) throws(NginxSyntaxError) -> [NginxDirective] {
    count += 1
    guard count <= Self.maxDirectives else { throw NginxSyntaxError(place: place, reason: "too many directives") }
    var arguments: [String] = []
    while true {
      switch try lexer.next() {
      case .word(let word): arguments.append(word)
      case .semicolon:
        if name == "include", arguments.count == 1 {
          return try include(arguments[0], place, includes: includes, depth: depth)
        }
        return [NginxDirective(name: name, arguments: arguments, place: place, block: nil)]
      case .open:
        var block: [NginxDirective] = []
        if name.hasSuffix("_by_lua_block") {
          try lexer.skipLua()
        } else {
          block = try self.block(&lexer, isFile: false, includes: includes, depth: depth + 1)
        }
        return [NginxDirective(name: name, arguments: arguments, place: place, block: block)]
      case .close: throw NginxSyntaxError(place: lexer.place, reason: "`\(name)` ends without a ;")
      case .end: throw NginxSyntaxError(place: lexer.place, reason: "`\(name)` is not ended")
      }
    }
  }

  private mutating func include(
    _ pattern: String, _ place: NginxPlace, includes: Int, depth: Int
  ) throws(NginxSyntaxError) -> [NginxDirective] {
    guard includes < Self.maxIncludes else { throw NginxSyntaxError(place: place, reason: "includes nest too deeply") }
    guard let found = files.matching(pattern) else {
      throw NginxSyntaxError(place: place, reason: "the included file \(pattern) is not there")
    }
    var directives: [NginxDirective] = []
    for file in found { directives += try self.file(file, includes: includes + 1, depth: depth + 1) }
    return directives
  }
}
