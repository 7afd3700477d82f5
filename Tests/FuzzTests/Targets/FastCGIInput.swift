@testable import FrontDoor

/// What comes on a connection from a web server that speaks FastCGI: records, up to the decoded request.
enum FastCGIInput: FuzzTarget {
  static let name = "fastcgi"

  static let words = [
    "REQUEST_METHOD", "PATH_INFO", "SCRIPT_NAME", "DOCUMENT_URI", "QUERY_STRING", "HTTP_AUTHORIZATION", "POST",
    "\u{1}\u{4}\0\u{1}\0\0\0\0", "\u{1}\u{5}\0\u{1}\0\0\0\0", "\u{1}\u{2}\0\u{1}\0\0\0\0",
  ]

  static func seeds() -> [[UInt8]] {
    let variables = [
      ("REQUEST_METHOD", "POST"), ("PATH_INFO", "/chat/start"), ("SCRIPT_NAME", "/shop/"),
      ("QUERY_STRING", "a=1&b=%20"),
      ("HTTP_AUTHORIZATION", "Bearer " + String(repeating: "t", count: 150)), ("HTTP_X_SLUICE_USER", "Zoë"),
    ]
    let body = Array(#"{"message":"Hi"}"#.utf8)
    let get = [("REQUEST_METHOD", "GET"), ("DOCUMENT_URI", "/shop/chat/x/poll"), ("SCRIPT_NAME", "/shop")]
    return [
      request(variables, body: body), request(variables, body: body, fragment: 7, padding: 3),
      request(get, body: []), request(get, body: [], id: 515) + request(variables, body: body),
      request(get, body: [], keeps: false), record(1, [0, 1, 1, 0, 0, 0, 0, 0]) + record(2, []),
      request(get, body: [UInt8](repeating: 66, count: 600)),
      request(
        [("A=B", "c"), ("REQUEST_METHOD", "GET\0X"), ("PATH_INFO", "/"), ("", "x"), ("HTTP_HOST", "")], body: []),
    ]
  }

  static func check(_ input: [UInt8]) throws(Violation) {
    let whole = try Arrivals(input, speaking: .fastCGI, cut: .nowhere)
    for cut in [Cut.somewhere, .everywhere] {
      let pieces = try Arrivals(input, speaking: .fastCGI, cut: cut)
      try hold(pieces == whole, "cut \(cut): \(pieces), not \(whole)")
    }
    for case .taken(let taken) in whole.events {
      let expected = reading(of: taken.bytes)
      try hold(taken.request == expected, "\(String(describing: taken.request)), not \(String(describing: expected))")
      try CGIReply.check(
        CGIReply.content(ofRecords: taken.reply, id: taken.requestID), body: taken.request?.body ?? [])
    }
  }

  /// A whole request by the specification, and by C's idea of an environment: a name ends at its first "=", and both at
  /// a NUL.
  private static func reading(of bytes: [UInt8]) -> Reading? {
    var (params, body): ([UInt8], [UInt8]) = ([], [])
    var next = 0
    while next < bytes.count {
      let length = Int(bytes[next + 4]) << 8 | Int(bytes[next + 5])
      let content = bytes[(next + 8)..<(next + 8 + length)]
      if bytes[next + 1] == 4 { params += content }
      if bytes[next + 1] == 5 { body += content }
      next += 8 + length + Int(bytes[next + 6])
    }
    var rest = params[...]
    var variables: [(name: [UInt8], value: [UInt8])] = []
    while !rest.isEmpty {
      guard let name = length(&rest), let value = length(&rest), name + value <= rest.count else { return nil }
      let entry = (rest.prefix(name) + [UInt8(ascii: "=")] + rest.dropFirst(name).prefix(value)).prefix { $0 != 0 }
      rest = rest.dropFirst(name + value)
      guard let sign = entry.firstIndex(of: UInt8(ascii: "=")) else { continue }
      variables.append((Array(entry[..<sign]), Array(entry[(sign + 1)...])))
    }
    return Reading(variables: variables, body: body)
  }

  private static func length(_ bytes: inout ArraySlice<UInt8>) -> Int? {
    guard let first = bytes.first else { return nil }
    let count = first & 0x80 == 0 ? 1 : 4
    guard bytes.count >= count else { return nil }
    defer { bytes = bytes.dropFirst(count) }
    return bytes.prefix(count).reduce(0) { $0 << 8 | Int($1) } & (count == 1 ? 0x7F : 0x7FFF_FFFF)
  }

  // MARK: writing

  private static func record(_ type: UInt8, _ content: [UInt8], id: UInt16 = 1, padding: Int = 0) -> [UInt8] {
    [
      1, type, UInt8(id >> 8), UInt8(id & 255), UInt8(content.count >> 8), UInt8(content.count & 255), UInt8(padding),
      0,
    ]
      + content + [UInt8](repeating: 0xEE, count: padding)
  }

  private static func stream(_ type: UInt8, _ content: [UInt8], id: UInt16, fragment: Int, padding: Int) -> [UInt8] {
    let pieces = stride(from: 0, to: content.count, by: fragment).map {
      content[$0..<min($0 + fragment, content.count)]
    }
    return pieces.flatMap { record(type, Array($0), id: id, padding: padding) } + record(type, [], id: id)
  }

  private static func request(
    _ variables: [(String, String)], body: [UInt8], id: UInt16 = 1, keeps: Bool = true, fragment: Int = 65_535,
    padding: Int = 0
  ) -> [UInt8] {
    let params = variables.flatMap { name, value in
      [name, value].flatMap { text -> [UInt8] in
        let count = text.utf8.count
        return count < 128 ? [UInt8(count)] : [0x80, 0, UInt8(count >> 8), UInt8(count & 255)]
      } + Array(name.utf8) + Array(value.utf8)
    }
    return record(1, [0, 1, keeps ? 1 : 0, 0, 0, 0, 0, 0], id: id)
      + stream(4, params, id: id, fragment: fragment, padding: padding)
      + stream(5, body, id: id, fragment: fragment, padding: padding)
  }
}
