/// Requests as bytes.
enum HTTPText {
  static func get(_ path: String, token: String? = nil, fields: [String] = []) -> [UInt8] {
    Array("GET \(path) HTTP/1.1\r\n\(head(token, fields))\r\n".utf8)
  }

  static func post(_ path: String, token: String?, body: String, fields: [String] = []) -> [UInt8] {
    let more = ["Content-Type: application/json", "Content-Length: \(body.utf8.count)"]
    return Array("POST \(path) HTTP/1.1\r\n\(head(token, more + fields))\r\n\(body)".utf8)
  }

  private static func head(_ token: String?, _ fields: [String]) -> String {
    let authorization = token.map { ["Authorization: Bearer \($0)"] } ?? []
    return (["Host: bench"] + authorization + fields).map { "\($0)\r\n" }.joined()
  }
}
