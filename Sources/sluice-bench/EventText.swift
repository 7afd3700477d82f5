import Glibc

/// Server-sent events (WHATWG HTML, section 9.2.6) as far as the streams that are measured use them: cut anywhere, lines
/// end with LF, a field has a blank behind its colon and comes once in a message. It shares nothing with what it measures.
struct EventText {
  /// Where the fields of one message stand in `bytes`.
  struct Message {
    var id: Range<Int>?
    var event: Range<Int>?
    var data: Range<Int>?
  }

  /// What came and was not dropped yet; the messages of the last `take` stand in it.
  private(set) var bytes: [UInt8] = []
  private var taken = 0

  /// The messages that these bytes complete. Comments are none.
  mutating func take(_ new: UnsafeRawBufferPointer) -> [Message] {
    bytes.removeFirst(taken)
    taken = 0
    bytes.append(contentsOf: new)
    var messages: [Message] = []
    var message = Message()
    bytes.withUnsafeBytes { all in
      guard let base = all.baseAddress else { return }
      var start = 0
      while let feed = memchr(base + start, 0x0A, all.count - start) {
        let line = start..<(UnsafeRawPointer(feed) - base)
        start = line.upperBound + 1
        if line.isEmpty {
          if message.data != nil { messages.append(message) }
          message = Message()
          taken = start
        } else if let value = Self.value(of: "data: ", line, all) {
          message.data = value
        } else if let value = Self.value(of: "id: ", line, all) {
          message.id = value
        } else if let value = Self.value(of: "event: ", line, all) {
          message.event = value
        }
      }
    }
    return messages
  }

  private static func value(
    of name: StaticString, _ line: Range<Int>, _ all: UnsafeRawBufferPointer
  ) -> Range<Int>? {
    let count = name.utf8CodeUnitCount
    guard line.count >= count, memcmp(all.baseAddress! + line.lowerBound, name.utf8Start, count) == 0 else {
      return nil
    }
    return (line.lowerBound + count)..<line.upperBound
  }
}
