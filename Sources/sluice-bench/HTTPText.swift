/// Requests as bytes.
enum HTTPText {
  static func get(_ path: String, token: String? = nil) -> [UInt8] {
    let authorization = token.map { "Authorization: Bearer \($0)\r\n" } ?? ""
    return Array("GET \(path) HTTP/1.1\r\nHost: bench\r\n\(authorization)\r\n".utf8)
  }

  static func post(_ path: String, token: String, body: String) -> [UInt8] {
    Array(
      """
      POST \(path) HTTP/1.1\r
      Host: bench\r
      Authorization: Bearer \(token)\r
      Content-Type: application/json\r
      Content-Length: \(body.utf8.count)\r
      \r
      \(body)
      """.utf8)
  }
}
