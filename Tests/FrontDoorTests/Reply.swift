import Testing

/// A reply as CGI writes it, whatever brought it.
struct Reply: CustomTestStringConvertible {
  /// Bytes it took on the connection; of records, up to and with END_REQUEST.
  private(set) var length = 0
  private(set) var content: [UInt8] = []

  init(content: [UInt8]) {
    self.content = content
    length = content.count
  }

  /// Nil if the records do not reach END_REQUEST yet, or are not those of request `id`.
  init?(records bytes: [UInt8], id: UInt16) {
    while bytes.count - length >= 8 {
      let size = Int(bytes[length + 4]) << 8 | Int(bytes[length + 5])
      let end = length + 8 + size + Int(bytes[length + 6])
      guard end <= bytes.count, UInt16(bytes[length + 2]) << 8 | UInt16(bytes[length + 3]) == id else { return nil }
      if bytes[length + 1] == 6 { content += bytes[(length + 8)..<(length + 8 + size)] }
      let isEnd = bytes[length + 1] == 3
      length = end
      if isEnd { return }
    }
    return nil
  }

  var testDescription: String { "\(status.map(String.init) ?? "no") reply of \(length) bytes" }

  var text: String { String(decoding: content, as: UTF8.self) }

  /// Without the empty line at its end.
  var head: String { String(decoding: content[..<headEnd], as: UTF8.self) }
  var body: [UInt8] { Array(content[min(headEnd + 4, content.count)...]) }
  var status: Int? { head.split(separator: " ").dropFirst().first.flatMap { Int($0) } }

  private var headEnd: Int {
    content.indices.first { content[$0...].starts(with: [13, 10, 13, 10]) } ?? content.count
  }
}
