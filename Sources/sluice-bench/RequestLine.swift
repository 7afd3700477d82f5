import FoundationEssentials

/// A GET as a file of requests has it, one a line: `path` or `path token`.
struct RequestLine {
  let path: String
  let token: String?

  static func read(_ file: String) throws -> [RequestLine] {
    try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n").map {
      let parts = $0.split(separator: " ")
      return RequestLine(path: String(parts[0]), token: parts.count > 1 ? String(parts[1]) : nil)
    }
  }

  var http: [UInt8] { HTTPText.get(path, token: token) }
}
