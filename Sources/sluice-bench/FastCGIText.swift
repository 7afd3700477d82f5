/// The FastCGI of a responder's client, without a web server in between (FastCGI 1.0, section 3.3).
enum FastCGIText {
  /// A GET on a connection that is kept. The path may have a query.
  static func get(_ path: String, token: String?) -> [UInt8] {
    let parts = path.split(separator: "?", maxSplits: 1).map(String.init)
    var variables: [UInt8] = []
    for (name, value) in [
      ("REQUEST_METHOD", "GET"), ("SCRIPT_NAME", ""), ("PATH_INFO", parts[0]),
      ("QUERY_STRING", parts.count > 1 ? parts[1] : ""), ("SERVER_PROTOCOL", "HTTP/1.1"),
      ("HTTP_ACCEPT", "text/event-stream"), ("HTTP_AUTHORIZATION", token.map { "Bearer \($0)" } ?? ""),
    ] {
      for text in [name, value] { variables += length(text.utf8.count) }
      variables += Array(name.utf8) + Array(value.utf8)
    }
    // Begin (a responder, to keep the connection), variables, their end, the end of an empty body.
    return record(1, [0, 1, 1, 0, 0, 0, 0, 0]) + record(4, variables) + record(4, []) + record(5, [])
  }

  private static func record(_ kind: UInt8, _ content: [UInt8]) -> [UInt8] {
    [1, kind, 0, 1, UInt8(content.count >> 8), UInt8(content.count & 0xFF), 0, 0] + content
  }

  /// One byte below 128, else four of which the first has its highest bit set.
  private static func length(_ count: Int) -> [UInt8] {
    count < 128 ? [UInt8(count)] : [0x80, UInt8(count >> 16 & 0xFF), UInt8(count >> 8 & 0xFF), UInt8(count & 0xFF)]
  }
}

/// An answer's records, cut anywhere: how it begins, and when it is over.
struct FastCGIAnswer {
  /// As much of the output as tells a status.
  private(set) var begin: [UInt8] = []
  private(set) var isOver = false
  private var header: [UInt8] = []
  /// Bytes of the present record that are still to come.
  private var left = 0

  /// Without a line `Status` it is 200 (RFC 3875, section 6.3.3).
  var status: Int {
    let name = Array("Status: ".utf8)
    guard begin.starts(with: name) else { return 200 }
    return begin.dropFirst(name.count).prefix(3).reduce(0) { $0 * 10 + Int($1 & 0x0F) }
  }

  mutating func take(_ bytes: UnsafeRawBufferPointer) {
    var index = 0
    while index < bytes.count {
      if left == 0 {
        header.append(bytes[index])
        index += 1
        guard header.count == 8 else { continue }
        left = Int(header[4]) << 8 + Int(header[5]) + Int(header[6])
        if header[1] == 3 { isOver = true }
      } else {
        let end = min(index + left, bytes.count)
        if header[1] == 6, begin.count < 32 { begin += bytes[index..<end].prefix(32 - begin.count) }
        left -= end - index
        index = end
      }
      if left == 0, header.count == 8 { header.removeAll(keepingCapacity: true) }
    }
  }
}
