/// The URL of a request: its path and its query.
struct Target: Sendable {
  /// Still percent-encoded, so that an encoded slash is none.
  let path: String
  private let pairs: [Substring]

  init(_ uri: String) {
    let parts = uri.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    path = parts.first.map(String.init) ?? ""
    pairs = parts.count > 1 ? parts[1].split(separator: "&") : []
  }

  /// The value of a name of the query, percent-decoded; nil if the query has no such name.
  func value(of name: String) -> String? {
    let name = name + "="
    return pairs.first { $0.hasPrefix(name) }.map { Self.decoded($0.dropFirst(name.count)) }
  }

  /// What stands between the last `before` and an `after` at the end of the path, percent-decoded; nil if the path is
  /// not so, or if nothing or a slash stands there.
  func name(between before: String, and after: String) -> String? {
    guard path.hasSuffix(after) else { return nil }
    let rest = path.dropLast(after.count)
    guard let start = rest.ranges(of: before).last?.upperBound else { return nil }
    let name = rest[start...]
    return name.isEmpty || name.contains("/") ? nil : Self.decoded(name)
  }

  /// RFC 3986 section 2.1; a `%` without two hexadecimal digits stands for itself.
  private static func decoded(_ text: Substring) -> String {
    var bytes: [UInt8] = []
    var rest = text.utf8[...]
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "%"), rest.count >= 2, let value = UInt8(Substring(rest.prefix(2)), radix: 16) {
        bytes.append(value)
        rest.removeFirst(2)
      } else {
        bytes.append(byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
