/// FastCGI records as a web server writes them: written here by hand, so that the codec does not check itself.
enum Records {
  static func record(_ type: UInt8, _ content: [UInt8], id: UInt16 = 1, padding: Int = 0) -> [UInt8] {
    let head = [
      1, type, UInt8(id >> 8), UInt8(id & 255), UInt8(content.count >> 8), UInt8(content.count & 255), UInt8(padding),
      0,
    ]
    return head + content + [UInt8](repeating: 0xEE, count: padding)
  }

  static func begin(keep: Bool = true, id: UInt16 = 1, role: UInt8 = 1) -> [UInt8] {
    record(1, [0, role, keep ? 1 : 0, 0, 0, 0, 0, 0], id: id)
  }

  static func abort(id: UInt16 = 1) -> [UInt8] { record(2, [], id: id) }

  static func pair(_ name: String, _ value: String) -> [UInt8] {
    func length(_ count: Int) -> [UInt8] {
      count < 128 ? [UInt8(count)] : [3, 2, 1, 0].map { UInt8(count >> ($0 * 8) & 255) | ($0 == 3 ? 0x80 : 0) }
    }
    return length(name.utf8.count) + length(value.utf8.count) + Array(name.utf8) + Array(value.utf8)
  }

  /// `fragment`: content bytes per PARAMS and STDIN record.
  static func stream(
    _ type: UInt8, _ content: [UInt8], id: UInt16 = 1, fragment: Int = 65_535, padding: Int = 0
  ) -> [UInt8] {
    var bytes: [UInt8] = []
    var rest = content[...]
    while !rest.isEmpty {
      bytes += record(type, Array(rest.prefix(fragment)), id: id, padding: padding)
      rest = rest.dropFirst(fragment)
    }
    return bytes + record(type, [], id: id)
  }

  static func request(
    _ method: String = "GET", _ path: String = "/hello", query: String = "", variables: [(String, String)] = [],
    body: [UInt8] = [], keep: Bool = true, id: UInt16 = 1, fragment: Int = 65_535, padding: Int = 0
  ) -> [UInt8] {
    let all = [("REQUEST_METHOD", method), ("PATH_INFO", path), ("QUERY_STRING", query)] + variables
    let params = all.flatMap { pair($0.0, $0.1) }
    return begin(keep: keep, id: id) + stream(4, params, id: id, fragment: fragment, padding: padding)
      + stream(5, body, id: id, fragment: fragment, padding: padding)
  }
}
