/// A whole reply. Content-Length is added when it is sent.
package struct Response: Sendable {
  package let head: Head
  package let body: [UInt8]

  /// `body` is to be empty where `head` allows none (204, 304); it is not sent there.
  package init(_ head: Head, body: [UInt8] = []) {
    self.head = head
    self.body = body
  }

  /// For replies that are not on a hot path: builds the head anew.
  package init(
    status: Int, contentType: String = "application/json", headers: [(String, String)] = [], body: [UInt8] = []
  ) {
    self.init(Head(status: status, contentType: contentType, headers: headers), body: body)
  }

  /// The same reply with further headers. For replies that are not on a hot path.
  package func adding(headers: [(String, String)]) -> Response {
    headers.isEmpty ? self : Response(head.adding(headers), body: body)
  }

  /// Status and headers as CGI writes them (RFC 3875, section 6.3), built once and copied into each reply.
  package struct Head: Sendable {
    package let status: Int
    /// Everything before the value of Content-Length, or the whole head where there is no body.
    let bytes: [UInt8]
    var allowsBody: Bool { status != 204 && status != 304 }

    /// `Cache-Control: no-store` is added unless `headers` has a Cache-Control of its own. Control characters in values
    /// are left out, so no value can begin another header.
    package init(status: Int, contentType: String = "application/json", headers: [(String, String)] = []) {
      self.status = status
      var text = "Status: \(status) \(Self.reason(status))\r\n"
      if status != 204 && status != 304 { text += "Content-Type: \(Self.plain(contentType))\r\n" }
      if !headers.contains(where: { $0.0.lowercased() == "cache-control" }) { text += "Cache-Control: no-store\r\n" }
      text += Self.lines(headers)
      text += status == 204 || status == 304 ? "\r\n" : "Content-Length: "
      bytes = Array(text.utf8)
    }

    private init(status: Int, bytes: [UInt8]) {
      self.status = status
      self.bytes = bytes
    }

    /// With those headers after the status line.
    package func adding(_ headers: [(String, String)]) -> Head {
      let statusEnd = (bytes.firstIndex(of: UInt8(ascii: "\n")) ?? -1) + 1
      return Head(status: status, bytes: bytes[..<statusEnd] + Array(Self.lines(headers).utf8) + bytes[statusEnd...])
    }

    /// 200 for a reply in pieces, of which nobody knows the length. nginx passes each piece on at once.
    package static func streamed(contentType: String, headers: [(String, String)] = []) -> Head {
      let text =
        "Status: 200 OK\r\nContent-Type: \(plain(contentType))\r\nCache-Control: no-store\r\nX-Accel-Buffering: no\r\n"
      return Head(status: 200, bytes: Array("\(text)\(lines(headers))\r\n".utf8))
    }

    /// 200 with JSON: the head of a poll's reply.
    package static let ok = Head(status: 200)

    private static func lines(_ headers: [(String, String)]) -> String {
      headers.map { "\(plain($0)): \(plain($1))\r\n" }.joined()
    }

    private static func plain(_ text: String) -> String {
      String(String.UnicodeScalarView(text.unicodeScalars.filter { $0.value >= 0x20 && $0.value != 0x7F }))
    }

    /// RFC 9110, section 15; nginx passes it on as we write it.
    private static func reason(_ status: Int) -> String {
      switch status {
      case 200: "OK"
      case 201: "Created"
      case 202: "Accepted"
      case 204: "No Content"
      case 304: "Not Modified"
      case 400: "Bad Request"
      case 401: "Unauthorized"
      case 403: "Forbidden"
      case 404: "Not Found"
      case 405: "Method Not Allowed"
      case 409: "Conflict"
      case 410: "Gone"
      case 413: "Content Too Large"
      case 415: "Unsupported Media Type"
      case 422: "Unprocessable Content"
      case 429: "Too Many Requests"
      case 431: "Request Header Fields Too Large"
      case 500: "Internal Server Error"
      case 502: "Bad Gateway"
      case 503: "Service Unavailable"
      case 504: "Gateway Timeout"
      default: "Status"
      }
    }
  }
}
