import Glibc

/// What of a response's head matters here (RFC 9112).
struct HTTPHead {
  let status: Int
  /// 0 for 204 and 304.
  let contentLength: Int?
  let closes: Bool
  /// Whether the body comes in chunks (RFC 9112, section 7.1).
  let isChunked: Bool
  /// Where the body begins.
  let end: Int

  /// Nil while it is not complete.
  init?(_ bytes: UnsafeRawBufferPointer) {
    guard let base = bytes.baseAddress, let end = Self.end(of: bytes) else { return nil }
    self.end = end
    // `HTTP/1.1 200 …`
    status = bytes.count > 12 ? (9..<12).reduce(0) { $0 * 10 + Int(bytes[$1] & 0x0F) } : 0
    var length = status == 204 || status == 304 ? 0 : nil
    var closes = false
    var isChunked = false
    var start = 0
    while start < end, let feed = memchr(base + start, 0x0A, end - start) {
      let line = UnsafeRawBufferPointer(rebasing: bytes[start..<(UnsafeRawPointer(feed) - base)])
      start += line.count + 1
      if let value = Self.value(of: "content-length:", in: line) {
        length = value.reduce(0) { (0x30...0x39).contains($1) ? $0 * 10 + Int($1 - 0x30) : $0 }
      } else if let value = Self.value(of: "connection:", in: line) {
        closes = value.contains { $0 | 0x20 == 0x63 }  // the c of close, not keep-alive
      } else if Self.value(of: "transfer-encoding:", in: line) != nil {
        isChunked = true
      }
    }
    (contentLength, self.closes, self.isChunked) = (length, closes, isChunked)
  }

  /// Behind the first empty line.
  private static func end(of bytes: UnsafeRawBufferPointer) -> Int? {
    var start = 0
    while start < bytes.count, let feed = memchr(bytes.baseAddress! + start, 0x0A, bytes.count - start) {
      let index = UnsafeRawPointer(feed) - bytes.baseAddress!
      if index - start == 1, start > 0, bytes[start] == 0x0D { return index + 1 }
      start = index + 1
    }
    return nil
  }

  /// A field's value; "" without it. `name` with its colon.
  static func field(_ name: StaticString, in head: [UInt8]) -> String {
    head.withUnsafeBytes { bytes in
      for line in bytes.split(separator: 0x0A) {
        guard let value = value(of: name, in: UnsafeRawBufferPointer(rebasing: line)) else { continue }
        return String(decoding: value.drop { $0 == 0x20 }.prefix { $0 != 0x0D }, as: UTF8.self)
      }
      return ""
    }
  }

  private static func value(of name: StaticString, in line: UnsafeRawBufferPointer) -> Slice<UnsafeRawBufferPointer>? {
    let count = name.utf8CodeUnitCount
    guard line.count >= count,
      strncasecmp(
        line.baseAddress!.assumingMemoryBound(to: CChar.self),
        UnsafeRawPointer(name.utf8Start).assumingMemoryBound(to: CChar.self), count) == 0
    else { return nil }
    return line[count...]
  }
}
