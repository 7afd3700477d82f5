@testable import FrontDoor

/// What comes on a connection from a web server that speaks SCGI.
enum SCGIInput: FuzzTarget {
  static let name = "scgi"

  static let words = [
    "CONTENT_LENGTH\0", "SCGI\u{0}1\0", "REQUEST_METHOD\0GET\0", "PATH_INFO\0/\0", "DOCUMENT_URI\0", "SCRIPT_NAME\0",
    ",", ":",
  ]

  static func seeds() -> [[UInt8]] {
    let post = [("REQUEST_METHOD", "POST"), ("PATH_INFO", "/chat/start"), ("SCRIPT_NAME", "/shop/"), ("HTTP_HOST", "")]
    let get = [("REQUEST_METHOD", "GET"), ("DOCUMENT_URI", "/shop/x/poll"), ("SCRIPT_NAME", "/shop"), ("A", "b")]
    return [
      request(post, body: Array(#"{"message":"Hi"}"#.utf8)), request(get), request(get) + [1, 2, 3],
      request(get, length: "513"), request(get, length: "99999999999999999999"), request(get, length: ""),
      request([("SCGI", "2")] + get),
      request([("REQUEST_METHOD", "GET"), ("REQUEST_METHOD", "POST"), ("PATH_INFO", "/")]),
      Array("70000:".utf8), Array("01:".utf8),
    ]
  }

  static func check(_ input: [UInt8]) throws(Violation) {
    let whole = try Arrivals(input, speaking: .scgi, cut: .nowhere)
    for cut in [Cut.somewhere, .everywhere] {
      let pieces = try Arrivals(input, speaking: .scgi, cut: cut)
      try hold(pieces == whole, "cut \(cut): \(pieces), not \(whole)")
    }
    for case .taken(let taken) in whole.events {
      let expected = reading(of: taken.bytes)
      try hold(taken.request == expected, "\(String(describing: taken.request)), not \(String(describing: expected))")
      try CGIReply.check(taken.reply, body: taken.request?.body ?? [])
    }
  }

  /// A whole request by the protocol's text: a netstring of names and values, each ended by a NUL, then the body.
  private static func reading(of bytes: [UInt8]) -> Reading? {
    let digits = bytes.prefix { $0 != UInt8(ascii: ":") }
    guard let length = Int(String(decoding: digits, as: UTF8.self)) else { return nil }
    let content = bytes.dropFirst(digits.count + 1).prefix(length)
    guard content.last == 0 else { return nil }
    let texts = content.dropLast().split(separator: 0, omittingEmptySubsequences: false).map { Array($0) }
    guard texts.count.isMultiple(of: 2) else { return nil }
    let variables = stride(from: 0, to: texts.count, by: 2).map { (name: texts[$0], value: texts[$0 + 1]) }
    guard variables.allSatisfy({ !$0.name.isEmpty }),
      variables.first(where: { $0.name == Array("SCGI".utf8) })?.value == Array("1".utf8)
    else { return nil }
    return Reading(variables: variables, body: Array(bytes.dropFirst(digits.count + 1 + length + 1)))
  }

  private static func request(_ variables: [(String, String)], length: String? = nil, body: [UInt8] = []) -> [UInt8] {
    let all = [("CONTENT_LENGTH", length ?? String(body.count)), ("SCGI", "1")] + variables
    let content = all.flatMap { Array("\($0)\0\($1)\0".utf8) }
    return Array("\(content.count):".utf8) + content + [UInt8(ascii: ",")] + body
  }
}
