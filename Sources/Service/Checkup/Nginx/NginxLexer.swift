/// Words and marks of one file of nginx's configuration, as ngx_conf_file.c reads them.
struct NginxLexer {
  enum Token: Equatable {
    case word(String)
    case semicolon, open, close
    case end
  }

  private let text: ArraySlice<UInt8>
  private var position: Int
  private let file: String
  private(set) var line = 1

  init(_ text: ArraySlice<UInt8>, file: String) {
    self.text = text
    self.file = file
    position = text.startIndex
  }

  var place: NginxPlace { NginxPlace(file: file, line: line) }

  mutating func next() throws(NginxSyntaxError) -> Token {
    skipBlanks()
    guard position < text.endIndex else { return .end }
    switch text[position] {
    case UInt8(ascii: ";"): return mark(.semicolon)
    case UInt8(ascii: "{"): return mark(.open)
    case UInt8(ascii: "}"): return mark(.close)
    case UInt8(ascii: "\""), UInt8(ascii: "'"): return try quoted()
    default: return word()
    }
  }

  private mutating func mark(_ token: Token) -> Token {
    position += 1
    return token
  }

  private mutating func skipBlanks() {
    while position < text.endIndex {
      switch text[position] {
      case 0x0A: line += 1
      case 0x20, 0x09, 0x0D: break
      case UInt8(ascii: "#"):
        while position < text.endIndex, text[position] != 0x0A { position += 1 }
        continue
      default: return
      }
      position += 1
    }
  }

  private mutating func word() -> Token {
    var bytes: [UInt8] = []
    while position < text.endIndex {
      let byte = text[position]
      switch byte {
      case 0x20, 0x09, 0x0D, 0x0A, UInt8(ascii: ";"):
        return .word(String(decoding: bytes, as: UTF8.self))
      case UInt8(ascii: "{") where bytes.last != UInt8(ascii: "$"):
        return .word(String(decoding: bytes, as: UTF8.self))
      case UInt8(ascii: "\\"): escaped(into: &bytes)
      default:
        bytes.append(byte)
        position += 1
      }
    }
    return .word(String(decoding: bytes, as: UTF8.self))
  }

  private mutating func quoted() throws(NginxSyntaxError) -> Token {
    let (quote, begin) = (text[position], place)
    var bytes: [UInt8] = []
    position += 1
    while position < text.endIndex {
      let byte = text[position]
      if byte == quote {
        position += 1
        return .word(String(decoding: bytes, as: UTF8.self))
      }
      if byte == UInt8(ascii: "\\") {
        escaped(into: &bytes)
      } else {
        if byte == 0x0A { line += 1 }
        bytes.append(byte)
        position += 1
      }
    }
    throw NginxSyntaxError(place: begin, reason: "a quote is not closed")
  }

  /// A backslash stands for what follows it if that is a quote, a backslash or one of t, r, n; else for itself.
  private mutating func escaped(into bytes: inout [UInt8]) {
    position += 1
    guard position < text.endIndex else { return bytes.append(UInt8(ascii: "\\")) }
    let byte = text[position]
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "\\"): bytes.append(byte)
    case UInt8(ascii: "t"): bytes.append(0x09)
    case UInt8(ascii: "r"): bytes.append(0x0D)
    case UInt8(ascii: "n"): bytes.append(0x0A)
    default:
      if byte == 0x0A { line += 1 }
      bytes += [UInt8(ascii: "\\"), byte]
    }
  }

  /// After the opening brace of a block of Lua: past its closing brace. Braces in strings and comments do not count.
  mutating func skipLua() throws(NginxSyntaxError) {
    let begin = place
    var depth = 1
    while position < text.endIndex {
      let rest = text[position...]
      if rest.starts(with: "--[[".utf8) || rest.starts(with: "[[".utf8) {
        skip(past: "]]")
      } else if rest.starts(with: "--".utf8) {
        while position < text.endIndex, text[position] != 0x0A { position += 1 }
      } else if rest.first == UInt8(ascii: "\"") || rest.first == UInt8(ascii: "'") {
        _ = try quoted()
      } else {
        if rest.first == 0x0A { line += 1 }
        if rest.first == UInt8(ascii: "{") { depth += 1 }
        if rest.first == UInt8(ascii: "}") { depth -= 1 }
        position += 1
        if depth == 0 { return }
      }
    }
    throw NginxSyntaxError(place: begin, reason: "a block of Lua is not closed")
  }

  private mutating func skip(past end: String) {
    while position < text.endIndex, !text[position...].starts(with: end.utf8) {
      if text[position] == 0x0A { line += 1 }
      position += 1
    }
    position = min(position + end.utf8.count, text.endIndex)
  }
}
