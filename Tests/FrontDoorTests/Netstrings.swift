import FrontDoor

/// SCGI requests as a web server writes them: written here by hand, so that the codec does not check itself.
enum Netstrings {
  static func netstring(_ content: [UInt8]) -> [UInt8] {
    Array("\(content.count):".utf8) + content + [UInt8(ascii: ",")]
  }

  static func variable(_ name: String, _ value: String) -> [UInt8] { Array("\(name)\0\(value)\0".utf8) }

  /// `length`: what CONTENT_LENGTH says.
  static func request(_ variables: [(String, String)], length: String? = nil, body: [UInt8] = []) -> [UInt8] {
    let all = [("CONTENT_LENGTH", length ?? String(body.count)), ("SCGI", "1")] + variables
    return netstring(all.flatMap { variable($0.0, $0.1) }) + body
  }
}

extension Dialect {
  /// The same request in either dialect.
  func request(
    _ method: String = "GET", _ path: String = "/hello", query: String = "", variables: [(String, String)] = [],
    body: [UInt8] = []
  ) -> [UInt8] {
    self.request(
      [("REQUEST_METHOD", method), ("PATH_INFO", path), ("QUERY_STRING", query)] + variables, body: body)
  }

  /// With these variables only.
  func request(_ variables: [(String, String)], body: [UInt8] = []) -> [UInt8] {
    switch self {
    case .fastCGI:
      Records.begin() + Records.stream(4, variables.flatMap { Records.pair($0.0, $0.1) }) + Records.stream(5, body)
    case .scgi: Netstrings.request(variables, body: body)
    }
  }
}
