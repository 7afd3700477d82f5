import Store

/// Values as people read them on a terminal.
enum Plain {
  /// On one line, and without what would steer the terminal: text comes from anybody.
  static func line(_ text: String) -> String { escaped(text, keeping: []) }

  /// The same with its own line ends and tabs.
  static func paragraph(_ text: String) -> String { escaped(text, keeping: ["\n", "\t"]) }

  /// `-` for what is not there, yes and no, lists with commas, the rest as JSON.
  static func value(_ value: AdminRow.Value) -> String {
    switch value {
    case .null: "-"
    case .bool(let bool): bool ? "yes" : "no"
    case .text(let text): isTime(text) ? time(text) : paragraph(text)
    case .texts(let texts): texts.isEmpty ? "-" : line(texts.joined(separator: ", "))
    case .json(let json): line(json)
    }
  }

  private static func escaped(_ text: String, keeping kept: Set<Unicode.Scalar>) -> String {
    var out = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      if kept.contains(scalar) || !steers(scalar) {
        out.append(scalar)
      } else {
        let code = scalar == "\n" ? "\\n" : "\\u{\(String(scalar.value, radix: 16))}"
        out.append(contentsOf: code.unicodeScalars)
      }
    }
    return String(out)
  }

  /// Control characters, line ends of any kind, and those that turn the direction of the text around.
  private static func steers(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0...0x1F, 0x7F...0x9F, 0x2028...0x202E, 0x2066...0x2069: true
    default: false
    }
  }

  /// As PostgreSQL writes one in JSON: 2026-11-21T09:00:00.123456+00:00.
  private static func isTime(_ text: String) -> Bool {
    let shape = text.utf8.prefix(19).map { (0x30...0x39).contains($0) ? UInt8(ascii: "0") : $0 }
    return shape == Array("0000-00-00T00:00:00".utf8)
  }

  /// In whole seconds, with a space for the T.
  private static func time(_ text: String) -> String {
    let zone = text.dropFirst(19).drop { $0 == "." || $0.isWholeNumber }
    return "\(text.prefix(10)) \(text.dropFirst(11).prefix(8))\(line(String(zone)))"
  }
}
