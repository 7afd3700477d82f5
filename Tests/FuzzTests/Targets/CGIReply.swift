/// What an answer is written as, taken apart.
enum CGIReply {
  /// Holds if `bytes` are a head, its length and `body`.
  static func check(_ bytes: [UInt8], body: [UInt8]) throws(Violation) {
    let head = Array(
      "Status: 200 OK\r\nContent-Type: application/json\r\nCache-Control: no-store\r\nContent-Length: \(body.count)\r\n\r\n"
        .utf8)
    try hold(bytes == head + body, "a reply that is not what was said: \(bytes)")
  }

  /// The content of FastCGI's records up to END_REQUEST (specification 1.0, sections 3.3 and 5.5).
  static func content(ofRecords bytes: [UInt8], id: UInt16) throws(Violation) -> [UInt8] {
    var content: [UInt8] = []
    var next = 0
    while bytes.count - next >= 8 {
      let length = Int(bytes[next + 4]) << 8 | Int(bytes[next + 5])
      let end = next + 8 + length + Int(bytes[next + 6])
      try hold(bytes[next] == 1 && end <= bytes.count, "a reply's record that is cut")
      try hold(UInt16(bytes[next + 2]) << 8 | UInt16(bytes[next + 3]) == id, "a reply to another request")
      switch bytes[next + 1] {
      case 6: content += bytes[(next + 8)..<(next + 8 + length)]
      case 3:
        try hold(end == bytes.count, "something behind END_REQUEST")
        return content
      default: throw Violation(description: "a record of type \(bytes[next + 1]) in a reply")
      }
      next = end
    }
    throw Violation(description: "a reply without END_REQUEST")
  }
}
