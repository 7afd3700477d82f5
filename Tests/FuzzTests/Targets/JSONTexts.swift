import Wire

/// JSON read and written.
enum JSONTexts: FuzzTarget {
  static let name = "json"

  static let words = [
    "{", "}", "[", "]", "\"", ":", ",", "null", "true", "false", #"\u0000"#, #"\ud83d"#, #"\ude00"#, #"\\"#, "1e308",
    "-0.0", "18446744073709551615", "9223372036854775808", "5e-324", "[[[[[[[[", "]]]]]]]]",
  ]

  static func seeds() throws -> [[UInt8]] {
    let texts = [
      #"{"a":1,"b":[true,false,null,-1.5e3,"x\n\u00e9\ud83d\ude00"],"c":{"d":{}},"":[]}"#, #""\ud83d""#,
      #""\ud83d\ud83d\ude00\u""#,
      "18446744073709551615", "-9223372036854775808", "1e400", "3.0", " [1 , 2]\r\n", "0.1", "-0.0", "5e-324",
      "1.7e308",
      String(repeating: "[", count: 255) + String(repeating: "]", count: 255), #"["\u0000\u2028","\"\\\/\b\f"]"#,
    ]
    return texts.map { Array($0.utf8) } + (try Inputs.answers(ending: ".json"))
  }

  static func check(_ input: [UInt8]) throws(Violation) {
    guard let value = try read(input) else { return }
    let written = try minified(input)
    try hold(try read(written) == value, "minified it is another value: \(String(decoding: written, as: UTF8.self))")
    try hold(try minified(written) == written, "minified twice it is another text")
    var writer = JSONWriter()
    value.write(to: &writer)
    try hold(try read(writer.bytes) == value.withoutNUL, "written anew it is another value: \(writer.bytes)")
    let refusal: JSONError?
    do throws(JSONError) {
      _ = try JSONDocument(parsing: input, limit: input.count - 1)
      refusal = nil
    } catch {
      refusal = error
    }
    try hold(refusal == .tooLarge, "beyond the limit: \(String(describing: refusal))")
  }

  private static func read(_ bytes: [UInt8]) throws(Violation) -> Value? {
    guard
      let document = try? withExactCopy(of: bytes, { (bytes) throws(JSONError) in try JSONDocument(parsing: bytes) })
    else { return nil }
    // Another one, opened meanwhile, has a parser of its own.
    _ = try? JSONDocument(parsing: "[\"another\",1]")
    return try Value(document.root)
  }

  private static func minified(_ bytes: [UInt8]) throws(Violation) -> [UInt8] {
    guard let document = try? JSONDocument(parsing: bytes), let text = document.root.minified else {
      throw Violation(description: "what was read is not read again: \(String(decoding: bytes, as: UTF8.self))")
    }
    return text
  }

  /// `text` as a client gets it: escaped into a string, and that read. Nil if it cannot be read.
  static func escaped(_ text: [UInt8]) -> [UInt8]? {
    var json: [UInt8] = [0x22]
    withExactCopy(of: text) { JSONText.append($0, to: &json) }
    json.append(0x22)
    guard let document = try? JSONDocument(parsing: json) else { return nil }
    return document.root.withString { Array($0) }
  }

  static func isJSON(_ bytes: [UInt8]) -> Bool { (try? JSONDocument(parsing: bytes)) != nil }

  static func withoutNUL(_ text: [UInt8]) -> [UInt8] { text.flatMap { $0 == 0 ? JSONText.replacement : [$0] } }

  private indirect enum Value: Equatable {
    case object([Member])
    case array([Value])
    case string([UInt8])
    /// As it is written.
    case number([UInt8])
    case bool(Bool)
    case null

    struct Member: Equatable {
      let name: [UInt8]
      let value: Value
    }

    init(_ element: JSONElement) throws(Violation) {
      switch element.kind {
      case .object:
        var members: [Member] = []
        for (name, value) in element.members {
          members.append(Member(name: try Self.text(name), value: try Value(value)))
        }
        try hold(members.count == element.count, "\(element.count) members, but \(members.count) come")
        self = .object(members)
      case .array:
        var elements: [Value] = []
        for value in element.elements { elements.append(try Value(value)) }
        try hold(elements.count == element.count, "\(element.count) values, but \(elements.count) come")
        self = .array(elements)
      case .string: self = .string(try Self.text(element))
      case .number:
        guard let text = element.minified, let number = element.double else {
          throw Violation(description: "a number without a value")
        }
        if let whole = element.int { try hold(Double(whole) == number, "\(whole) is \(number)") }
        self = .number(text)
      case .bool: self = .bool(element.bool ?? false)
      case .null: self = .null
      }
    }

    private static func text(_ element: JSONElement) throws(Violation) -> [UInt8] {
      guard let bytes = element.withString({ Array($0) }) else { throw Violation(description: "a string without text") }
      try hold(String(validating: bytes, as: UTF8.self) != nil, "a string that is no UTF-8: \(bytes)")
      return bytes
    }

    func write(to writer: inout JSONWriter) {
      switch self {
      case .object(let members):
        writer.beginObject()
        for member in members {
          writer.key(escaping: String(decoding: member.name, as: UTF8.self))
          member.value.write(to: &writer)
        }
        writer.endObject()
      case .array(let values):
        writer.beginArray()
        for value in values { value.write(to: &writer) }
        writer.endArray()
      case .string(let bytes): writer.string(utf8: bytes)
      case .number(let text): writer.raw(text)
      case .bool(let bool): writer.bool(bool)
      case .null: writer.null()
      }
    }

    var withoutNUL: Value {
      switch self {
      case .object(let members):
        .object(members.map { Member(name: JSONTexts.withoutNUL($0.name), value: $0.value.withoutNUL) })
      case .array(let values): .array(values.map(\.withoutNUL))
      case .string(let bytes): .string(JSONTexts.withoutNUL(bytes))
      case .number, .bool, .null: self
      }
    }
  }
}
